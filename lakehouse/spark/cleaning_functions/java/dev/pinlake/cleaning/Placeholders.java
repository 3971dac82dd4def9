package dev.pinlake.cleaning;

import java.util.Locale;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/** Texts in lower case that mean that there is no value. */
final class Placeholders {
    /** Without null elements. */
    static final DataType TYPE = DataTypes.createArrayType(DataTypes.StringType, false);
    /** The Kelvin sign has three bytes and becomes k; no other character shrinks more. */
    private static final int MOST_BYTES_THAT_BECOME_ONE = 3;

    private Placeholders() {}

    /** Whether a text is one of the placeholders, in upper or lower case. */
    static boolean contains(ArrayData placeholders, UTF8String text) {
        for (int i = 0; i < placeholders.numElements(); i++) {
            UTF8String placeholder = placeholders.getUTF8String(i);
            if (mayBe(text, placeholder) && lower(text).equals(placeholder)) {
                return true;
            }
        }
        return false;
    }

    /** Compare lengths and first letters only, which already distinguishes nearly all texts. */
    private static boolean mayBe(UTF8String text, UTF8String placeholder) {
        int size = text.numBytes();
        if (size == 0 || placeholder.numBytes() == 0) {
            return size == placeholder.numBytes();
        }
        byte first = text.getByte(0); // negative in a character that is not ASCII
        return size <= MOST_BYTES_THAT_BECOME_ONE * placeholder.numBytes()
                && (first < 0 || Character.toLowerCase((int) first) == placeholder.getByte(0));
    }

    private static UTF8String lower(UTF8String text) {
        // UTF8String's own would follow the language of the machine.
        return text.isFullAscii()
                ? text.toLowerCaseAscii()
                : UTF8String.fromString(text.toString().toLowerCase(Locale.ROOT));
    }
}
