package dev.pinlake.cleaning;

import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Return null for a placeholder, in upper or lower case, and any other text unchanged. */
public final class DropPlaceholders extends CleaningFunction<UTF8String> {
    DropPlaceholders() {
        super("drop_placeholders", DataTypes.StringType, DataTypes.StringType, Placeholders.TYPE);
    }

    /** @param placeholders in lower case. */
    public static UTF8String invoke(UTF8String text, ArrayData placeholders) {
        return text == null || Placeholders.contains(placeholders, text) ? null : text;
    }
}
