package dev.pinlake.cleaning;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Backslash escapes that text has kept because it was encoded once too often. */
final class Escapes {
    private static final Pattern CODE = Pattern.compile("\\\\u([0-9a-fA-F]{4})");
    // Matches only whole runs of backslashes: matching from each backslash would take quadratic time.
    private static final String BACKSLASHES = "(?<!\\\\)\\\\++";
    private static final Pattern ESCAPE = Pattern.compile(BACKSLASHES + "(?:[nrt]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})");
    private static final Pattern BEFORE_MARK = Pattern.compile(BACKSLASHES + "(?=[\"'/])");

    private Escapes() {}

    /** Decode the escapes of JSON that name a UTF-16 unit; half of a surrogate pair becomes a question mark. */
    static String decode(String text) {
        Matcher code = CODE.matcher(text);
        if (!code.find()) {
            return text;
        }
        StringBuilder decoded = new StringBuilder(text.length());
        do {
            code.appendReplacement(decoded, "");
            decoded.append((char) Integer.parseInt(code.group(1), 16));
        } while (code.find());
        byte[] valid = code.appendTail(decoded).toString().getBytes(StandardCharsets.UTF_8);
        return new String(valid, StandardCharsets.UTF_8);
    }

    /** Replace escapes of white space and of characters by a space, and drop backslashes before quotes and slashes. */
    static String drop(String text) {
        return BEFORE_MARK.matcher(ESCAPE.matcher(text).replaceAll(" ")).replaceAll("");
    }
}
