package dev.pinlake.cleaning;

import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Drop escapes, invisible characters and emoji; collapse white space and trim it at the ends. */
public final class Tidy extends CleaningFunction<UTF8String> {
    Tidy() {
        super("tidy", DataTypes.StringType, DataTypes.StringType);
    }

    public static UTF8String invoke(UTF8String raw) {
        return raw == null ? null : Tidying.tidy(raw, Characters.UNSEEN);
    }
}
