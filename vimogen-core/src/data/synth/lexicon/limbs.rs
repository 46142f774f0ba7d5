//! Phrases for arms, head and side stretch.

pub const WAVE: &[&str] = &[
    "{wave} with the <side> hand",
    "{wave} the <side> hand",
    "{wave} the <side> arm",
    "{raise} the <side> hand and {wave}",
    "{wave} hello with the <side> hand",
    "{wave} using the <side> hand",
    "{lift} the <side> arm and {wave}",
    "{wave} goodbye with the <side> arm",
    "{wave}",
    "{wave} hello",
    "{wave} a hand",
    "{wave} goodbye",
    "*{raise} the <side> arm and {wave}",
    "*{wave} hello with the <side> arm",
];

pub const WAVE_BOTH: &[&str] = &[
    "{wave} with both hands",
    "{wave} both hands",
    "{wave} both arms",
    "{raise} both hands and {wave}",
    "{wave} hello with both hands",
    "{wave} using both hands",
    "{lift} both arms and {wave}",
    "{wave} goodbye with both hands",
    "*{wave} with both arms",
    "*{raise} both arms and {wave}",
];

pub const RAISE_ARMS: &[&str] = &[
    "{raise} the <side> arm",
    "{lift} the <side> arm",
    "{raise} the <side> hand",
    "{raise} the <side> arm overhead",
    "{put} the <side> hand up",
    "{lift} the <side> hand up",
    "{raise} the <side> arm above the head",
    "{hold} the <side> arm up",
    "{reach} up with the <side> arm",
    "{raise} a hand",
    "{raise} an arm",
    "*{lift} the <side> arm above the head",
    "*{hold} the <side> hand up",
];

pub const RAISE_BOTH: &[&str] = &[
    "{raise} both arms",
    "{raise} the arms",
    "{lift} both arms",
    "{raise} both hands",
    "{put} both hands up",
    "{raise} the arms overhead",
    "{raise} both arms above the head",
    "{hold} both arms up",
    "{reach} up with both arms",
    "{lift} the arms up",
    "*{lift} both hands up",
    "*{put} both arms up",
];

pub const ARMS_OUT: &[&str] = &[
    "{hold} the arms out to the sides",
    "{stretch} the arms out to the sides",
    "{stand} in a t pose",
    "{spread} the arms",
    "{spread} both arms wide",
    "{raise} the arms to the sides",
    "{make} a t pose",
    "{hold} both arms out sideways",
    "{open} the arms wide",
    "{put} the arms out to the sides",
    "*{spread} the arms out to the sides",
    "*{stretch} both arms out sideways",
];

pub const HANDS_ON_HIPS: &[&str] = &[
    "{put} the hands on the hips",
    "{place} the hands on the hips",
    "{stand} with the hands on the hips",
    "{rest} the hands on the hips",
    "{put} both hands on the hips",
    "{place} both hands on the waist",
    "{hold} the hips with both hands",
    "{set} the hands on the hips",
    "{keep} the hands on the hips",
    "*{put} the hands on the waist",
    "*{rest} both hands on the hips",
];

pub const CROSS_ARMS: &[&str] = &[
    "{cross} the arms",
    "{fold} the arms",
    "{cross} the arms in front of the chest",
    "{stand} with crossed arms",
    "{fold} the arms over the chest",
    "{cross} both arms",
    "{stand} with folded arms",
    "{cross} the arms over the chest",
    "{fold} both arms in front of the chest",
    "*{fold} both arms",
    "*{fold} the arms in front of the chest",
];

pub const CLAP: &[&str] = &[
    "{clap}",
    "{clap} the hands",
    "{clap} both hands together",
    "{clap} the hands together",
    "{clap} with both hands",
    "{bring} the hands together to clap",
    "{clap} in front of the chest",
    "{clap} several times",
    "{keep} clapping",
    "*{clap} both hands",
    "*{clap} the hands in front of the chest",
];

pub const PUNCH: &[&str] = &[
    "{punch} with the <side> hand",
    "{punch} with the <side> fist",
    "{throw} a <side> punch",
    "{punch} forward with the <side> arm",
    "{throw} a punch with the <side> hand",
    "{hit} forward with the <side> fist",
    "{box} with the <side> hand",
    "{strike} with the <side> fist",
    "{punch}",
    "{throw} a punch",
    "{punch} forward",
    "*{punch} forward with the <side> fist",
    "*{throw} a punch with the <side> fist",
];

pub const THROW: &[&str] = &[
    "{throw} a ball with the <side> hand",
    "{throw} something with the <side> hand",
    "{throw} with the <side> arm",
    "{throw} an object with the <side> hand",
    "{throw} a ball forward with the <side> arm",
    "{pitch} a ball with the <side> hand",
    "{throw} a stone with the <side> hand",
    "{throw} something forward with the <side> arm",
    "{throw} a ball",
    "{throw} something",
    "*{throw} an object with the <side> arm",
    "*{pitch} a ball with the <side> arm",
];

pub const POINT: &[&str] = &[
    "{point} forward with the <side> hand",
    "{point} with the <side> arm",
    "{point} ahead with the <side> hand",
    "{point} straight ahead with the <side> arm",
    "{point} at something with the <side> hand",
    "{hold} the <side> arm out to point forward",
    "{point} the <side> hand forward",
    "{point} to the front with the <side> hand",
    "{point} forward",
    "{point} at something",
    "*{point} ahead with the <side> arm",
    "*{point} the <side> arm forward",
];

pub const DRINK: &[&str] = &[
    "{drink} with the <side> hand",
    "{drink} from a cup with the <side> hand",
    "{drink} from a glass with the <side> hand",
    "{take} a drink with the <side> hand",
    "{lift} a cup to the mouth with the <side> hand",
    "{drink} water with the <side> hand",
    "{drink} from a bottle with the <side> hand",
    "{bring} a cup to the mouth with the <side> hand",
    "{drink}",
    "{take} a drink",
    "{drink} some water",
    "*{bring} a glass to the mouth with the <side> hand",
    "*{drink} some water with the <side> hand",
];

pub const SALUTE: &[&str] = &[
    "{salute} with the <side> hand",
    "{give} a salute with the <side> hand",
    "{make} a salute with the <side> hand",
    "{salute} using the <side> hand",
    "{raise} the <side> hand in a salute",
    "{bring} the <side> hand to the forehead",
    "{put} the <side> hand to the forehead",
    "{hold} a salute with the <side> hand",
    "{salute}",
    "{give} a salute",
    "*{give} a salute using the <side> hand",
    "*{raise} the <side> hand to the forehead",
];

pub const SIDE_STRETCH: &[&str] = &[
    "{stretch} to the <side>",
    "{stretch} to the <side> side",
    "{bend} to the <side> with an arm overhead",
    "{lean} to the <side> in a stretch",
    "{do} a side stretch to the <side>",
    "{bend} sideways to the <side>",
    "{stretch} sideways to the <side>",
    "{perform} a side stretch to the <side>",
    "{lean} over to the <side>",
    "*{bend} over sideways to the <side>",
    "*{do} a stretch to the <side> side",
];

pub const NOD: &[&str] = &[
    "{nod}",
    "{nod} the head",
    "{nod} yes",
    "{nod} the head up and down",
    "{move} the head up and down",
    "{nod} in agreement",
    "{nod} several times",
    "{keep} nodding",
    "{say} yes with the head",
    "*{nod} the head in agreement",
    "*{nod} the head several times",
];

pub const SHAKE_HEAD: &[&str] = &[
    "{shake} the head",
    "{shake} the head no",
    "{shake} the head from side to side",
    "{say} no with the head",
    "{turn} the head from side to side",
    "{move} the head left and right",
    "{shake} the head left and right",
    "{keep} shaking the head",
    "{move} the head from side to side",
    "*{shake} the head several times",
    "*{turn} the head left and right",
];
