//! Verbs that begin an action after "and" or a comma.

/// Base forms of verbs of movement.
#[rustfmt::skip]
pub(super) const VERBS: [&str; 189] = [
    "walk", "run", "jog", "jump", "hop", "skip", "turn", "spin", "sit", "stand", "kneel", "crouch", "squat", "lunge", "bow",
    "bend", "lean", "wave", "raise", "lift", "lower", "clap", "punch", "kick", "throw", "catch", "point", "drink", "salute",
    "stretch", "nod", "shake", "balance", "march", "step", "stride", "stroll", "sneak", "crawl", "climb", "dance", "fall",
    "lie", "roll", "stop", "start", "begin", "continue", "keep", "go", "come", "move", "look", "reach", "grab", "pick",
    "put", "push", "pull", "swing", "twist", "rotate", "rise", "get", "stay", "wait", "pause", "rest", "cross", "fold",
    "hold", "touch", "scratch", "wipe", "rub", "pat", "stomp", "tap", "strut", "limp", "hobble", "stagger", "stumble",
    "dodge", "duck", "block", "box", "fight", "shoot", "aim", "hit", "swim", "fly", "flip", "play", "type", "write", "read",
    "eat", "cook", "sweep", "wash", "clean", "open", "close", "knock", "pray", "greet", "hug", "shrug", "cheer", "celebrate",
    "applaud", "yawn", "cough", "sneeze", "laugh", "cry", "sleep", "wake", "face", "return", "circle", "shuffle", "sidestep",
    "leap", "bounce", "perform", "do", "make", "take", "give", "repeat", "pace", "dash", "sprint", "rush", "trot", "tiptoe",
    "mime", "gesture", "beckon", "flap", "flex", "extend", "straighten", "stoop", "tilt", "bring", "drop", "carry", "swipe",
    "slap", "strike", "jab", "toss", "hurl", "fling", "pitch", "hurry", "wander", "stalk", "creep", "slide", "lurch", "sway",
    "rock", "freeze", "halt", "settle", "lay", "place", "set", "draw", "drive", "ride", "row", "dive", "land", "exercise",
    "practice", "relax", "breathe", "pose", "curtsy", "curtsey", "twirl", "pivot", "swivel",
];

/// Words that look like a verb but name a thing after "and" or a comma.
#[rustfmt::skip]
pub(super) const NOT_VERBS: [&str; 12] = [
    "arms", "hands", "legs", "feet", "knees", "elbows", "hips", "shoulders", "heads", "fists", "head", "hand",
];
