package dev.pinlake.cleaning;

import java.math.BigDecimal;
import java.util.regex.Pattern;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Parse a whole number such as 12, -12.0 or 1.2e3; text that is not a whole number becomes null. */
public final class ParseInteger extends CleaningFunction<Long> {
    private static final Pattern NUMBER =
            Pattern.compile(Numbers.SHORT + "(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:" + Numbers.EXPONENT + ")?");

    ParseInteger() {
        super("parse_integer", DataTypes.LongType, DataTypes.StringType);
    }

    /** Return 10^12 or -10^12 for a number beyond. */
    public static Long invoke(UTF8String text) {
        if (text == null) {
            return null;
        }
        long digits = Numbers.digits(text, text.numBytes());
        return digits >= 0 ? Long.valueOf(digits) : parse(text.toString());
    }

    private static Long parse(String text) {
        if (!NUMBER.matcher(text).matches()) {
            return null;
        }
        BigDecimal number = Numbers.parse(text).stripTrailingZeros();
        return number.scale() <= 0 ? number.longValue() : null;
    }
}
