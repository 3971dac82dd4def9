"""Values and what cleaning makes of them, for Pinlake's functions and for the hand-written pipeline."""

from __future__ import annotations

# Beyond every column of numbers.
BEYOND = 10**12
# Text, and what is left of it under the policies unicode and ascii.
TIDIED = {
    "plain text": ("plain text", "plain text"),
    "": ("", ""),
    " \t two\r\n  lines\u3000": ("two lines", "two lines"),
    "Braille\u2800blank": ("Braille blank", "Braille blank"),
    "soft\u00adhyphen\ufeff": ("softhyphen", "softhyphen"),
    "trade mark\u2122": ("trade mark\u2122", "trade mark"),
    "\u2600 sun \U0001f1eb\U0001f1f7 flag": ("sun flag", "sun flag"),
    "1\ufe0f\u20e3 keycap": ("1 keycap", "1 keycap"),
    "na\u00efve \u6f22\u5b57 text": ("na\u00efve \u6f22\u5b57 text", "nave text"),
    "a\\nb\\tc": ("a b c", "a b c"),
    "a\\\\\\nb": ("a b", "a b"),
    'it\\\'s \\"so\\" \\/': ('it\'s "so" /', 'it\'s "so" /'),
    "caf\\u00e9": ("caf\u00e9", "caf"),
    "C:\\data\\art": ("C:\\data\\art", "C:\\data\\art"),
    "half \\ud83d, whole \\ud83d\\ude00.": ("half ?, whole .", "half ?, whole ."),
    "\u0928\u092e\u200d\u0938\u094d\u0924\u0947": ("\u0928\u092e\u0938\u094d\u0924\u0947", ""),
}
WITHOUT_ELLIPSIS = {
    "cut off...": "cut off",
    "cut off ....": "cut off",
    "cut off\u2026": "cut off",
    "a sentence. ...": "a sentence.",
    "a sentence.": "a sentence.",
    "two dots..": "two dots..",
    "...": "",
    "in ... the middle": "in ... the middle",
    "": "",
    "." * 100_000: "",
}
# Text: whether it is an object, its comma-joined form, and what it is if it was spelled out.
RAW = {
    '["a", "b c"]': (False, "a,b c", '["a", "b c"]'),
    "[]": (False, "", "[]"),
    '["a", null]': (False, "a", '["a", null]'),
    "[half": (False, "[half", "[half"),
    "a,b c": (False, "a,b c", "a,b c"),
    "a,b,c": (False, "a,b,c", "abc"),
    "T,w,o, ,t,a,g,s": (False, "T,w,o, ,t,a,g,s", "Two tags"),
    "a,,,b": (False, "a,,,b", "a,b"),
    "a": (False, "a", "a"),
    "": (False, "", ""),
    "\u6f22,\U0001f600": (False, "\u6f22,\U0001f600", "\u6f22\U0001f600"),
    "a,": (False, "a,", "a,"),
    "a,b,cd": (False, "a,b,cd", "a,b,cd"),
    '{"a": 1}': (True, '{"a": 1}', '{"a": 1}'),
    "{half": (False, "{half", "{half"),
}
TAGS = {
    "a,b c": ["a", "b c"],
    " #a, ##b ,c#d": ["a", "b", "c#d"],
    ",a b,, ,c, ": ["a b", "c"],
    "ab,#": ["ab"],
    "abc,#": ["abc"],
    "a,#": ["a"],
    "c#, #": ["c#"],
    "": [],
    " ,#": [],
    "No Tags Available": [],
    "no tags available": [],
    "No Tags": ["No Tags"],
    "a": ["a"],
    "a,b": ["ab"],
    "a,bc": ["a", "bc"],
    "\u6f22,\u5b57": ["\u6f22\u5b57"],
    None: None,
}
INTEGERS = {
    "12": 12, "007": 7, "-12": -12, "+7": 7, "7.0": 7, "1.": 1, "1.2e3": 1200,
    "12e-1": None, "-12.5": None, ".5": None,
    "1.0000000000004": 1, "0.9999999999996": 1, "999999999999": 10**12 - 1, "2147483648": 2**31,
    "9" * 64: BEYOND, "-" + "9" * 63: -BEYOND, "1e99": BEYOND, "0e37": 0, "0e38": BEYOND,
    "1234567890123.5": BEYOND,
    "": None, ".": None, "1,2": None, "1 2": None, "0x10": None, "NaN": None, "12\n": None, "1e999": None,
    "9" * 65: None, None: None,
}  # fmt: skip
COUNTS = {
    "998": 998, "5k": 5_000, "1.2K": 1_200, "3 M": 3_000_000, "2b": 2_000_000_000, "1,234,567": 1_234_567,
    "1 234": 1_234, "0.5": 1, "1.4": 1, "2.5": 3, "1.2345k": 1_235, ".5k": 500, "-3": -3, "1.5e3": 1_500,
    "\uff11\uff12": 12, "\u0661\u0662k": 12_000, "\u06f1.\u06f5k": 1_500, "221k": 221_000,
    "999999999": 999_999_999, "9999999999": 9_999_999_999, "999999999B": BEYOND, "-9" + "0" * 50: -BEYOND,
    "1,23": None, "12kk": None, "k": None, "": None, "1e3k": None, "many": None, None: None,
}  # fmt: skip
FLAGS = {
    "1": 1, "0": 0, "true": 1, "FALSE": 0, "yes": 1, "n": 0, "1.0": 1, "0.": 0, "1.000": 1, "01": None,
    "2": None, "1.1": None, "10.0": None, "10": None, "": None, "maybe": None, None: None,
}  # fmt: skip
