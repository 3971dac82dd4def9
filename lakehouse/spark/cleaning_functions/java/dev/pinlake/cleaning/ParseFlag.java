package dev.pinlake.cleaning;

import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Parse a flag such as true, yes, 1 or 1.0, or its opposite, as 1 or 0; any other text becomes null. */
public final class ParseFlag extends CleaningFunction<Integer> {
    private static final Pattern WITH_DECIMALS = Pattern.compile("[01]\\.0*");

    ParseFlag() {
        super("parse_flag", DataTypes.IntegerType, DataTypes.StringType);
    }

    public static Integer invoke(UTF8String text) {
        return text == null ? null : parse(text.toString());
    }

    private static Integer parse(String flag) {
        return switch (flag.toLowerCase(Locale.ROOT)) {
            case "1", "t", "true", "y", "yes" -> 1;
            case "0", "f", "false", "n", "no" -> 0;
            default -> WITH_DECIMALS.matcher(flag).matches() ? Integer.valueOf(flag.charAt(0) - '0') : null;
        };
    }
}
