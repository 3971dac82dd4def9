package dev.pinlake.cleaning;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Split comma-joined text into its tags, in order, without surrounding blanks, leading # and empty tags. A placeholder
 * becomes an empty list, and a list of only single characters one tag.
 */
public final class SplitTags extends CleaningFunction<ArrayData> {
    private static final DataType TAGS = DataTypes.createArrayType(DataTypes.StringType);

    SplitTags() {
        super("split_tags", TAGS, DataTypes.StringType, Placeholders.TYPE);
    }

    /**
     * @param text tidied.
     * @param placeholders of a list without tags, in lower case and without commas.
     */
    public static ArrayData invoke(UTF8String text, ArrayData placeholders) {
        if (text == null) {
            return null;
        }
        UTF8String[] tags = split(text);
        UTF8String joined = UTF8String.concat(tags);
        if (Placeholders.contains(placeholders, joined)) {
            return new GenericArrayData(new Object[0]);
        }
        boolean isSpelledOut = tags.length > 1 && joined.numChars() == tags.length;
        return new GenericArrayData(isSpelledOut ? new Object[] {joined} : tags);
    }

    private static UTF8String[] split(UTF8String text) {
        int start = skip(text, 0, text.numBytes());
        int end = text.numBytes();
        while (end > start && (text.getByte(end - 1) == ',' || text.getByte(end - 1) == ' ')) {
            end--;
        }
        List<UTF8String> tags = new ArrayList<>();
        for (int comma = find(text, start, end); comma < end; comma = find(text, start, end)) {
            tags.add(slice(text, start, text.getByte(comma - 1) == ' ' ? comma - 1 : comma));
            start = skip(text, comma, end);
        }
        // A # may end a tag, so the text can still end in a comma and a # that belongs to none.
        if (start < end) {
            tags.add(slice(text, start, end));
        }
        return tags.toArray(new UTF8String[0]);
    }

    /** Return the position of the first comma, or the end. */
    private static int find(UTF8String text, int start, int end) {
        int next = start;
        while (next < end && text.getByte(next) != ',') {
            next++;
        }
        return next;
    }

    /** Return the position after blanks, commas and #. */
    private static int skip(UTF8String text, int start, int end) {
        int next = start;
        while (next < end && " ,#".indexOf(text.getByte(next)) >= 0) {
            next++;
        }
        return next;
    }

    private static UTF8String slice(UTF8String text, int start, int end) {
        return text.copyUTF8String(start, end - 1);
    }
}
