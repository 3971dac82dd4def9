package dev.pinlake.cleaning;

import java.util.BitSet;
import org.apache.spark.unsafe.types.UTF8String;

/** Tidying of text: one look at the bytes of a text that is tidy, which most are, one pass over any other. */
final class Tidying {
    private Tidying() {}

    /** Decode or drop escapes, drop some characters, make one space of white space and trim it at the ends. */
    static UTF8String tidy(UTF8String raw, BitSet dropped) {
        if (isTidyAscii(raw)) {
            return raw.trim();
        }
        String text = raw.toString();
        if (text.indexOf('\\') >= 0) {
            text = Escapes.decode(text);
        }
        text = squeeze(text, dropped);
        // A dropped character may have stood inside an escape, and an escape between two spaces.
        return UTF8String.fromString(text.indexOf('\\') < 0 ? text : squeeze(Escapes.drop(text), dropped));
    }

    /** Whether a text is printable ASCII without backslashes and without two spaces in a row. */
    private static boolean isTidyAscii(UTF8String text) {
        int size = text.numBytes();
        byte before = 0;
        for (int i = 0; i < size; i++) {
            byte next = text.getByte(i); // negative in characters that are not ASCII
            if (next < ' ' || next == 0x7f || next == '\\' || (next == ' ' && before == ' ')) {
                return false;
            }
            before = next;
        }
        return true;
    }

    private static String squeeze(String text, BitSet dropped) {
        StringBuilder kept = new StringBuilder(text.length());
        boolean gap = false;
        for (int i = 0; i < text.length(); ) {
            int character = text.codePointAt(i);
            i += Character.charCount(character);
            if (Characters.BLANK.get(character)) {
                gap = kept.length() > 0;
            } else if (!dropped.get(character)) {
                if (gap) {
                    kept.append(' ');
                    gap = false;
                }
                kept.appendCodePoint(character);
            }
        }
        return kept.toString();
    }
}
