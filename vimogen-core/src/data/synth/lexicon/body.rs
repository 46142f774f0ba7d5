//! Phrases for jumps, movements towards the ground and movements on one leg.

pub const JUMP: &[&str] = &[
    "{jump} up",
    "{jump}",
    "{jump} in place",
    "{jump} into the air",
    "{jump} up high",
    "{jump} straight up",
    "{do} a jump",
    "{jump} upward",
    "{make} a jump",
    "*{jump} up into the air",
    "*{do} a high jump",
];

pub const JUMP_FORWARD: &[&str] = &[
    "{jump} forward",
    "{jump} ahead",
    "{make} a jump forward",
    "{jump} forwards with both feet",
    "{do} a long jump",
    "{jump} a step forward",
    "{jump} straight ahead",
    "{take} a jump forward",
    "{do} a standing long jump",
    "*{make} a long jump",
    "*{do} a jump ahead",
];

pub const HOP: &[&str] = &[
    "{hop} on the <side> leg",
    "{hop} on the <side> foot",
    "{hop} up and down on the <side> leg",
    "{jump} on the <side> leg",
    "{jump} up and down on the <side> foot",
    "{hop} in place on the <side> foot",
    "{stand} on the <side> leg and {hop}",
    "{hop} with the <side> leg",
    "{hop} on one leg",
    "{hop} on one foot",
    "*{hop} in place on the <side> leg",
    "*{hop} up and down on the <side> foot",
];

pub const JUMPING_JACKS: &[&str] = &[
    "{do} jumping jacks",
    "{perform} jumping jacks",
    "{do} star jumps",
    "{perform} star jumps",
    "{exercise} with jumping jacks",
    "{do} a few jumping jacks",
    "{do} some jumping jacks",
    "{make} jumping jacks",
    "{exercise} by doing star jumps",
    "*{perform} a few jumping jacks",
    "*{do} some star jumps",
];

pub const SQUAT: &[&str] = &[
    "{squat}",
    "{squat} down and {stand} back up",
    "{do} a squat",
    "{perform} a squat",
    "{squat} down and up",
    "{make} a squat",
    "{do} a deep squat",
    "{go} down into a squat and {come} up",
    "{lower} into a squat and {rise}",
    "*{perform} a deep squat",
    "*{squat} down and {rise}",
];

pub const CROUCH: &[&str] = &[
    "{crouch}",
    "{crouch} down",
    "{crouch} low",
    "{stay} in a crouch",
    "{go} into a crouch",
    "{get} down low",
    "{crouch} down and {stay} low",
    "{get} into a crouch",
    "{crouch} low to the ground",
    "{lower} into a crouch",
    "*{crouch} down low",
    "*{go} down into a crouch",
];

pub const LUNGE: &[&str] = &[
    "{lunge} forward with the <side> leg",
    "{lunge} with the <side> leg",
    "{do} a lunge with the <side> leg",
    "{do} a <side> lunge",
    "{perform} a lunge with the <side> foot",
    "{step} into a lunge with the <side> leg",
    "{lunge} forward on the <side> leg",
    "{make} a lunge with the <side> leg",
    "{lunge} forward",
    "{do} a lunge",
    "*{perform} a lunge with the <side> leg",
    "*{lunge} forward with the <side> foot",
];

pub const SIT_DOWN: &[&str] = &[
    "{sit} down",
    "{sit}",
    "{take} a seat",
    "{sit} down on a chair",
    "{sit} on a chair",
    "{have} a seat",
    "{sit} down and {stay} seated",
    "{lower} onto a chair",
    "{get} seated",
    "*{sit} down on a seat",
    "*{take} a seat on a chair",
];

pub const KNEEL: &[&str] = &[
    "{kneel}",
    "{kneel} down",
    "{kneel} on the ground",
    "{kneel} on one knee",
    "{go} down on one knee",
    "{get} down on one knee",
    "{drop} to one knee",
    "{lower} onto one knee",
    "{take} a knee",
    "{kneel} on the floor",
    "*{kneel} down on one knee",
    "*{kneel} down on the ground",
];

pub const BOW: &[&str] = &[
    "{bow}",
    "{bow} forward",
    "{take} a bow",
    "{make} a bow",
    "{bow} politely",
    "{bow} from the waist",
    "{bend} forward in a bow",
    "{make} a polite bow",
    "{give} a bow",
    "*{bow} forward politely",
    "*{take} a polite bow",
];

pub const BEND_DOWN: &[&str] = &[
    "{bend} down",
    "{bend} down to the ground",
    "{bend} over and {touch} the toes",
    "{touch} the toes",
    "{reach} down to the ground",
    "{bend} over",
    "{pick} something up from the ground",
    "{reach} for the toes",
    "{bend} down to pick something up",
    "{touch} the ground",
    "{bend} down to touch the floor",
    "*{bend} over to touch the toes",
    "*{bend} down and {touch} the ground",
];

pub const KICK: &[&str] = &[
    "{kick} with the <side> leg",
    "{kick} with the <side> foot",
    "{kick} forward with the <side> leg",
    "{do} a <side> kick",
    "{kick} the <side> leg forward",
    "{kick} a ball with the <side> foot",
    "{perform} a kick with the <side> leg",
    "{make} a kick with the <side> foot",
    "{kick}",
    "{kick} forward",
    "{kick} a ball",
    "*{kick} forward with the <side> foot",
    "*{perform} a kick with the <side> foot",
];

pub const BALANCE: &[&str] = &[
    "{raise} the <side> knee and {balance}",
    "{lift} the <side> knee and {hold} it",
    "{stand} on the <other> leg",
    "{balance} on the <other> leg",
    "{balance} on the <other> foot",
    "{stand} on the <other> foot with the <side> knee up",
    "{lift} the <side> leg and {balance}",
    "{hold} the <side> knee up",
    "{stand} on one leg",
    "{balance} on one leg",
    "*{lift} the <side> knee and {balance}",
    "*{stand} on the <other> leg with the <side> knee up",
];
