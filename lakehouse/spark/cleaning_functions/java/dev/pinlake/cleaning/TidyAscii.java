package dev.pinlake.cleaning;

import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Do as {@link Tidy} does, and drop every other character that is not ASCII. */
public final class TidyAscii extends CleaningFunction<UTF8String> {
    TidyAscii() {
        super("tidy_ascii", DataTypes.StringType, DataTypes.StringType);
    }

    public static UTF8String invoke(UTF8String raw) {
        return raw == null ? null : Tidying.tidy(raw, Characters.NOT_ASCII);
    }
}
