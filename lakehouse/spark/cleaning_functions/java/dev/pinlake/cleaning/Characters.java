package dev.pinlake.cleaning;

import java.util.BitSet;

/** Sets of characters, by code point. */
final class Characters {
    /** White space of every kind, and four characters that look like it: the Braille blank and the Hangul fillers. */
    static final BitSet BLANK =
            parse("9-d 20 85 a0 1680 2000-200a 2028 2029 202f 205f 3000 2800 115f 3164 ffa0");

    /**
     * Unicode's Extended_Pictographic (Java 17 does not know the name), flags and skin tones, from U+2300 on.
     * Characters before that, such as the trade mark sign, count as text.
     */
    private static final String EMOJI = "231a 231b 2328 2388 23cf 23e9-23f3 23f8-23fa 25aa 25ab 25b6 25c0 25fb-25fe"
            + " 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271d 2721 2728 2733"
            + " 2734 2744 2747 274c 274e 2753-2755 2757 2763-2767 2795-2797 27a1 27b0 27bf 2934 2935"
            + " 2b05-2b07 2b1b 2b1c 2b50 2b55 3030 303d 1f000-1faff 1fc00-1fffd";
    /** Variation selectors, the keycap and the replacement character. */
    private static final String MARKS = " fe00-fe0f e0100-e01ef 20e3 fffd";

    /** Emoji, and what cannot be seen: control, format and private-use characters and the marks above. */
    static final BitSet UNSEEN = parse(EMOJI + MARKS);

    /** Whatever is neither printable ASCII nor blank. */
    static final BitSet NOT_ASCII = parse("0-1f 7f-10ffff");

    static {
        for (int character = 0; character <= Character.MAX_CODE_POINT; character++) {
            int type = Character.getType(character);
            if (type == Character.CONTROL || type == Character.FORMAT || type == Character.PRIVATE_USE) {
                UNSEEN.set(character);
            }
        }
        UNSEEN.andNot(BLANK);
        NOT_ASCII.andNot(BLANK);
    }

    private Characters() {}

    /** Parse hexadecimal code points and ranges of them, separated by spaces. */
    private static BitSet parse(String ranges) {
        BitSet characters = new BitSet();
        for (String range : ranges.split(" ")) {
            String[] ends = range.split("-");
            int last = Integer.parseInt(ends[ends.length - 1], 16);
            characters.set(Integer.parseInt(ends[0], 16), last + 1);
        }
        return characters;
    }
}
