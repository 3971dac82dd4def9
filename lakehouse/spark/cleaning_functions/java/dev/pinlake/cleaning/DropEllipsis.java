package dev.pinlake.cleaning;

import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Drop the ellipsis at the end of truncated text, with the dots and spaces around it. A full stop stays if a space
 * separates it from the ellipsis.
 */
public final class DropEllipsis extends CleaningFunction<UTF8String> {
    private static final UTF8String ELLIPSIS = UTF8String.fromString("\u2026");

    DropEllipsis() {
        super("drop_ellipsis", DataTypes.StringType, DataTypes.StringType);
    }

    /** @param text tidied: it does not end in white space. */
    public static UTF8String invoke(UTF8String text) {
        if (text == null || !endsInDot(text, text.numBytes())) {
            return text;
        }
        int start = startOfDots(text);
        if (!hasEllipsis(text, start)) {
            return text;
        }
        int end = isFullStop(text, start) ? start + 1 : start;
        return end == 0 ? UTF8String.EMPTY_UTF8 : text.copyUTF8String(0, end - 1);
    }

    private static boolean endsInDot(UTF8String text, int end) {
        return end > 0 && (text.getByte(end - 1) == '.' || endsInEllipsis(text, end));
    }

    private static boolean endsInEllipsis(UTF8String text, int end) {
        int width = ELLIPSIS.numBytes();
        return end >= width && text.matchAt(ELLIPSIS, end - width);
    }

    /** Return where the last run of dots, ellipses and spaces begins. */
    private static int startOfDots(UTF8String text) {
        int start = text.numBytes();
        while (endsInDot(text, start) || (start > 0 && text.getByte(start - 1) == ' ')) {
            start -= endsInEllipsis(text, start) ? ELLIPSIS.numBytes() : 1;
        }
        return start;
    }

    private static boolean hasEllipsis(UTF8String text, int start) {
        int dots = 0;
        for (int i = start; i < text.numBytes() && dots < 3; i++) {
            byte next = text.getByte(i);
            if (next == ELLIPSIS.getByte(0)) {
                return true;
            }
            dots = next == '.' ? dots + 1 : 0;
        }
        return dots == 3;
    }

    private static boolean isFullStop(UTF8String text, int start) {
        return text.getByte(start) == '.' && start + 1 < text.numBytes() && text.getByte(start + 1) == ' ';
    }
}
