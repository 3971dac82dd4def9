"""Schema drift: new fields of pins, fields whose type changed, and lost fields."""
