//! Phrases for standing, getting about and turning.

pub const STAND: &[&str] = &[
    "{stand} still",
    "{stand} in place",
    "{stay} still",
    "{remain} standing",
    "{wait}",
    "{stand} and {wait}",
    "{keep} still",
    "{stand} on the spot",
    "{stay} in place without moving",
    "{stand} there",
    "*{remain} still",
    "*{stay} standing",
];

pub const WALK_FORWARD: &[&str] = &[
    "{walk} forward",
    "{walk} straight ahead",
    "{walk} forwards",
    "{step} forward",
    "{move} forward on foot",
    "{take} steps forward",
    "{go} forward",
    "{walk} ahead",
    "{walk} in a straight line",
    "{walk}",
    "{walk} a few steps forward",
    "*{go} straight ahead",
    "*{move} ahead",
];

pub const WALK_BACKWARD: &[&str] = &[
    "{walk} backward",
    "{walk} backwards",
    "{step} backward",
    "{move} backwards",
    "{go} backward",
    "{take} steps backwards",
    "{back} up",
    "{walk} in reverse",
    "{back} away",
    "{walk} a few steps backwards",
    "*{take} a few steps back",
    "*{move} backward",
];

pub const SIDESTEP: &[&str] = &[
    "{step} to the <side>",
    "{sidestep} to the <side>",
    "{step} sideways to the <side>",
    "{move} sideways to the <side>",
    "{walk} sideways to the <side>",
    "{take} side steps to the <side>",
    "{sidestep} <side>",
    "{go} sideways to the <side>",
    "{move} to the <side> with side steps",
    "*{take} a few side steps to the <side>",
    "*{step} <side> sideways",
];

pub const WALK_CIRCLE: &[&str] = &[
    "{walk} in a circle to the <side>",
    "{walk} around in a circle to the <side>",
    "{walk} in a circle <clock>",
    "{go} around in a circle to the <side>",
    "{make} a circle to the <side> on foot",
    "{walk} a circle to the <side>",
    "{circle} to the <side>",
    "{walk} <clock> in a circle",
    "{walk} in a circle",
    "{walk} in circles",
    "*{go} in a circle to the <side>",
    "*{circle} around to the <side>",
];

pub const RUN: &[&str] = &[
    "{run} forward",
    "{run}",
    "{run} ahead",
    "{run} straight ahead",
    "{jog} forward",
    "{jog}",
    "{go} for a run",
    "{run} forwards",
    "{run} in a straight line",
    "{go} for a jog",
    "*{jog} ahead",
    "*{jog} straight ahead",
];

pub const MARCH: &[&str] = &[
    "{march} in place",
    "{march} on the spot",
    "{walk} in place",
    "{walk} on the spot",
    "{step} in place",
    "{lift} the knees in place",
    "{march}",
    "{march} with high knees",
    "{march} in place with high knees",
    "*{step} on the spot",
    "*{walk} in place with high knees",
];

pub const TURN: &[&str] = &[
    "{turn} <side>",
    "{turn} to the <side>",
    "{turn} 90 degrees to the <side>",
    "{turn} <side> by 90 degrees",
    "{make} a quarter turn to the <side>",
    "{turn} the body to the <side>",
    "{make} a <side> turn",
    "{make} a 90 degree turn to the <side>",
    "{turn} to face the <side>",
    "*{turn} the body <side>",
    "*{make} a quarter turn <side>",
];

pub const TURN_AROUND: &[&str] = &[
    "{turn} around to the <side>",
    "{turn} 180 degrees to the <side>",
    "{turn} <side> by 180 degrees",
    "{make} a half turn to the <side>",
    "{make} a 180 degree turn to the <side>",
    "{turn} around <side>",
    "{turn} to the <side> to face the other way",
    "{do} a half turn to the <side>",
    "{turn} around",
    "*{make} a half turn <side>",
    "*{turn} around by 180 degrees to the <side>",
];

pub const SPIN: &[&str] = &[
    "{spin} around to the <side>",
    "{spin} to the <side>",
    "{spin} <side>",
    "{turn} 360 degrees to the <side>",
    "{make} a full turn to the <side>",
    "{spin} in place to the <side>",
    "{turn} all the way around to the <side>",
    "{do} a spin to the <side>",
    "{spin} once around to the <side>",
    "{spin} around",
    "{do} a full spin",
    "*{do} a full spin to the <side>",
    "*{spin} around in place to the <side>",
];
