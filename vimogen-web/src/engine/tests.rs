//! The tasks, without a page.

use serde_json::{Value, json};
use vimogen_core::progress::ignore;

use super::{Answer, Engine};

fn ask(engine: &mut Engine, request: Value) -> Answer {
    engine.answer(&request, vec![], &mut ignore).unwrap_or_else(|e| panic!("{request}: {e}"))
}

fn refused(engine: &mut Engine, request: Value) -> Value {
    let error = engine.answer(&request, vec![], &mut ignore).expect_err("a bad request");
    Answer::refused(&error).json["error"].take()
}

/// A short motion.
fn made(engine: &mut Engine) -> String {
    let request = json!({ "task": "generate", "prompt": "a person walks forward", "num_frames": 40,
        "num_inference_steps": 4, "seed": 7 });
    ask(engine, request).json["motions"][0]["id"].as_str().unwrap().into()
}

#[test]
fn a_prompt_becomes_a_motion_that_is_edited_saved_and_read_again() {
    let mut engine = Engine::new().unwrap();
    let id = made(&mut engine);
    assert_eq!(id, made(&mut engine), "the same seed gives the same motion");
    let joints = ask(&mut engine, json!({ "task": "array", "motion": id, "name": "joints" }));
    assert_eq!((joints.json["shape"].clone(), joints.data.len()), (json!([40, 22, 3]), 40 * 22 * 3 * 4));
    let steps = json!([{ "do": "mirror" }, { "do": "hold", "seconds": 1 }]);
    let edited = ask(&mut engine, json!({ "task": "edit", "motion": id, "steps": steps }));
    assert_eq!(edited.json["motions"][0]["frames"], 60);
    for (format, start) in [("glb", &b"glTF"[..]), ("bvh", b"HIERARCHY"), ("npz", b"PK"), ("html", b"<!doctype html>")]
    {
        let file = ask(&mut engine, json!({ "task": "file", "motion": id, "format": format }));
        assert!(file.data.starts_with(start), "{format}");
    }
    let npz = ask(&mut engine, json!({ "task": "file", "motion": id })).data;
    let read = engine.answer(&json!({ "task": "upload", "format": "npz" }), npz, &mut ignore).unwrap();
    assert_eq!(read.json["motions"][0]["id"], json!(id));
    let clip = ask(&mut engine, json!({ "task": "player", "motion": id }));
    assert_eq!(clip.json["frames"], 40);
}

#[test]
fn a_stream_is_led_and_kept() {
    let mut engine = Engine::new().unwrap();
    ask(&mut engine, json!({ "task": "stream", "prompt": "a person walks forward" }));
    ask(&mut engine, json!({ "task": "block", "frames": 6 }));
    let block = ask(&mut engine, json!({ "task": "block", "frames": 4, "heading": 90, "prompt": "a person runs" }));
    assert_eq!((block.json["start"].clone(), block.json["clip"]["frames"].clone()), (json!(6), json!(4)));
    assert_eq!(ask(&mut engine, json!({ "task": "streamed" })).json["motions"][0]["frames"], 10);
    assert_eq!(refused(&mut engine, json!({ "task": "block" }))["field"], "stream");
}

#[test]
fn faults_are_named() {
    let mut engine = Engine::new().unwrap();
    for (request, word) in [
        (json!({ "task": "dance" }), "dance"),
        (json!({ "task": "generate" }), "prompt"),
        (json!({ "task": "generate", "prompt": "a person walks", "sed": 1 }), "sed"),
        (json!({ "task": "generate", "prompt": "a person walks", "num_inference_steps": 0 }), "num_inference_steps"),
        (json!({ "task": "generate", "prompt": "a person walks", "seconds": 900, "n": 16 }), "frames"),
        (json!({ "task": "edit", "motion": "nobody", "steps": [] }), "nobody"),
        (json!({ "task": "score", "motion": 3 }), "motion"),
    ] {
        let error = refused(&mut engine, request);
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
    assert_eq!(refused(&mut engine, json!({ "task": "player", "motion": "x" }))["type"], "NotFoundError");
}
