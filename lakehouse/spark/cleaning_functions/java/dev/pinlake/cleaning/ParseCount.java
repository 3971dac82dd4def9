package dev.pinlake.cleaning;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.regex.Pattern;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Parse a count such as 998, 1,234, 1.2k or 3M, rounded half up; text that is not a count becomes null. */
public final class ParseCount extends CleaningFunction<Long> {
    private static final Pattern COUNT = Pattern.compile(Numbers.SHORT
            + "(?:\\d{1,3}(?:[, ]\\d{3})+|\\d+|(?=\\.\\d))(?:\\.\\d*)?(?:"
            + Numbers.EXPONENT + "| ?[kKmMbB])?");
    private static final Pattern UNIT_OR_SEPARATOR = Pattern.compile("[, kKmMbB]");
    /** The zeros of full-width, Arabic-Indic and Persian digits. */
    private static final String ZEROS = "\uff10\u0660\u06f0";

    ParseCount() {
        super("parse_count", DataTypes.LongType, DataTypes.StringType);
    }

    /** Return 10^12 or -10^12 for a count beyond. */
    public static Long invoke(UTF8String text) {
        if (text == null || text.numBytes() == 0) {
            return null;
        }
        int last = text.numBytes() - 1;
        long factor = factor(text.getByte(last));
        long digits = Numbers.digits(text, factor == 1 ? last + 1 : last);
        return digits < 0 ? parse(text.toString(), factor) : Long.valueOf(Math.min(digits * factor, Numbers.LIMIT));
    }

    private static long factor(byte unit) {
        return switch (unit) {
            case 'k', 'K' -> 1_000;
            case 'm', 'M' -> 1_000_000;
            case 'b', 'B' -> 1_000_000_000;
            default -> 1;
        };
    }

    private static Long parse(String text, long factor) {
        String count = withAsciiDigits(text);
        if (!COUNT.matcher(count).matches()) {
            return null;
        }
        BigDecimal number = Numbers.parse(UNIT_OR_SEPARATOR.matcher(count).replaceAll(""));
        BigDecimal rounded = number.multiply(BigDecimal.valueOf(factor)).setScale(0, RoundingMode.HALF_UP);
        return Numbers.limit(rounded).longValue();
    }

    private static String withAsciiDigits(String text) {
        StringBuilder ascii = new StringBuilder(text);
        for (int i = 0; i < text.length(); i++) {
            for (int zero = 0; zero < ZEROS.length(); zero++) {
                int digit = text.charAt(i) - ZEROS.charAt(zero);
                if (digit >= 0 && digit <= 9) {
                    ascii.setCharAt(i, (char) ('0' + digit));
                }
            }
        }
        return ascii.toString();
    }
}
