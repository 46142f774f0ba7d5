//! The interface of the module: two inputs and two outputs of bytes, JSON and a file.
//!
//! The caller asks for room for its inputs, fills it, calls, and reads the outputs, which stay until the next call.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Once;

use serde_json::Value;
use vimogen_core::{Progress, Result};

use crate::{Answer, Engine};

#[link(wasm_import_module = "vimogen")]
unsafe extern "C" {
    /// Reports progress; the name of its stage is a text of the module.
    safe fn progress(stage: *const u8, length: usize, step: u32, total: u32);
    /// Reports the message of a panic, after which the module cannot be used.
    safe fn panicked(message: *const u8, length: usize);
}

#[derive(Default)]
struct State {
    engine: Option<Engine>,
    inputs: [Vec<u8>; 2],
    outputs: [Vec<u8>; 2],
}

thread_local!(static STATE: RefCell<State> = RefCell::default());

/// Room for an input: JSON has number 0, a file 1.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_input(which: usize, length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        let input = &mut state.inputs[which & 1];
        *input = vec![0; length];
        input.as_mut_ptr()
    })
}

/// Start of an output: JSON has number 0, a file 1.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_output(which: usize) -> *const u8 {
    STATE.with_borrow(|state| state.outputs[which & 1].as_ptr())
}

/// Bytes of an output.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_output_length(which: usize) -> usize {
    STATE.with_borrow(|state| state.outputs[which & 1].len())
}

/// Carries out the request of the inputs, `{"task": name, ...fields}`; the JSON of a failure is `{"error": ...}`.
#[unsafe(no_mangle)]
pub extern "C" fn vimogen_call() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let message = info.to_string();
            panicked(message.as_ptr(), message.len());
        }));
    });
    STATE.with_borrow_mut(|state| {
        let [request, data] = std::mem::take(&mut state.inputs);
        let answer = answer(&mut state.engine, &request, data);
        let Answer { json, data } = answer.unwrap_or_else(|error| Answer::refused(&error));
        state.outputs = [json.to_string().into_bytes(), data];
    });
}

fn answer(engine: &mut Option<Engine>, request: &[u8], data: Vec<u8>) -> Result<Answer> {
    let request: Value =
        serde_json::from_slice(request).map_err(|e| vimogen_core::Error::invalid("request", e.to_string()))?;
    let engine = match engine {
        Some(engine) => engine,
        None => engine.insert(Engine::new()?),
    };
    let mut report = |Progress { stage, step, total }: Progress| {
        let name = stage.name();
        progress(name.as_ptr(), name.len(), step as u32, total as u32);
        ControlFlow::Continue(())
    };
    engine.answer(&request, data, &mut report)
}
