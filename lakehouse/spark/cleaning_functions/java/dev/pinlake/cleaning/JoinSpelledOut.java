package dev.pinlake.cleaning;

import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Join text with a comma between all its characters, such as T,w,o, ,w,o,r,d,s; other text stays unchanged. */
public final class JoinSpelledOut extends CleaningFunction<UTF8String> {
    JoinSpelledOut() {
        super("join_spelled_out", DataTypes.StringType, DataTypes.StringType);
    }

    public static UTF8String invoke(UTF8String text) {
        return text == null || !hasComma(text, widthAt(text, 0)) ? text : join(text);
    }

    private static UTF8String join(UTF8String text) {
        int size = text.numBytes();
        byte[] joined = new byte[size];
        int length = 0;
        for (int i = 0; ; i++) {
            for (int end = i + widthAt(text, i); i < end; i++) {
                joined[length++] = text.getByte(i);
            }
            if (i == size) {
                return UTF8String.fromBytes(joined, 0, length);
            }
            if (!hasComma(text, i)) {
                return text;
            }
        }
    }

    /** Whether there is a comma at a position, and anything after it. */
    private static boolean hasComma(UTF8String text, int position) {
        return position < text.numBytes() - 1 && text.getByte(position) == ',';
    }

    private static int widthAt(UTF8String text, int position) {
        int rest = text.numBytes() - position;
        return rest == 0 ? 0 : Math.min(rest, UTF8String.numBytesForFirstByte(text.getByte(position)));
    }
}
