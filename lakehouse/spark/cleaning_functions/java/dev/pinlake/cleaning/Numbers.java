package dev.pinlake.cleaning;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.apache.spark.unsafe.types.UTF8String;

/** What the parsers of numbers share. A number too large for its column must differ from text that is not a number. */
final class Numbers {
    /** Limits the length of text and exponent: parsing a million digits, or 1e-999999999, takes minutes. */
    static final String SHORT = "(?=.{1,64}\\z)[+-]?";

    static final String EXPONENT = "[eE][+-]?\\d{1,2}";

    /** Beyond every column of integers; larger numbers become this one. */
    static final long LIMIT = 1_000_000_000_000L;

    private static final BigDecimal GREATEST = BigDecimal.valueOf(LIMIT);
    private static final int DECIMALS = 12;
    private static final int MOST_DIGITS = 38;
    private static final int FEW_DIGITS = 9;

    private Numbers() {}

    /** Parse a number, rounded half up to 12 decimals and limited. */
    static BigDecimal parse(String number) {
        BigDecimal parsed = new BigDecimal(number);
        // As in Spark's cast to a decimal, which counts the zeros of 0e99.
        boolean isLongZero = parsed.signum() == 0 && parsed.precision() - parsed.scale() > MOST_DIGITS;
        return isLongZero ? GREATEST : limit(parsed.setScale(DECIMALS, RoundingMode.HALF_UP));
    }

    /** Return the nearest number between the limit and its negative. */
    static BigDecimal limit(BigDecimal number) {
        return number.min(GREATEST).max(GREATEST.negate());
    }

    /** Return the number that the first bytes of a text are, if they are one to nine ASCII digits; otherwise -1. */
    static long digits(UTF8String text, int end) {
        if (end < 1 || end > FEW_DIGITS) {
            return -1;
        }
        long number = 0;
        for (int i = 0; i < end; i++) {
            int digit = text.getByte(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = 10 * number + digit;
        }
        return number;
    }
}
