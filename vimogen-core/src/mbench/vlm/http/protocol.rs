//! The interfaces of judges: address, key, request and response.

use serde_json::{Value, json};

use super::super::JudgeError;

/// Frame rate at which a judge samples the video; the release renders its videos at this rate.
const VIDEO_FPS: u32 = 5;

/// Interface of a judge.
pub(super) trait Protocol: Sync {
    /// URL of a model, below the base address `url`.
    fn endpoint(&self, url: &str, model: &str) -> String;

    /// Header that carries the key.
    fn key_header(&self, key: &str) -> (&'static str, String);

    /// Body of a request; `video` is the MP4 file in base64.
    fn request(&self, model: &str, question: &str, video: &str) -> Value;

    /// Text of a response; `None` if there is none.
    ///
    /// # Errors
    /// [`JudgeError::Never`] if the judge declines to discuss the video.
    fn text(&self, response: &Value) -> Result<Option<String>, JudgeError>;
}

/// Google's REST interface.
pub(super) struct Gemini;

impl Protocol for Gemini {
    fn endpoint(&self, url: &str, model: &str) -> String {
        format!("{url}/v1beta/models/{model}:generateContent")
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.into())
    }

    fn request(&self, _: &str, question: &str, video: &str) -> Value {
        json!({
            "contents": [{"role": "user", "parts": [
                {"inlineData": {"mimeType": "video/mp4", "data": video}, "videoMetadata": {"fps": VIDEO_FPS}},
                {"text": question},
            ]}],
            "generationConfig": {"temperature": 0},
        })
    }

    fn text(&self, response: &Value) -> Result<Option<String>, JudgeError> {
        match response["promptFeedback"]["blockReason"].as_str() {
            Some(reason) => Err(declined(reason)),
            None => Ok(joined(&response["candidates"][0]["content"]["parts"])),
        }
    }
}

/// The interface of OpenAI, vLLM and many others.
pub(super) struct OpenAi;

impl Protocol for OpenAi {
    fn endpoint(&self, url: &str, _: &str) -> String {
        format!("{url}/chat/completions")
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn request(&self, model: &str, question: &str, video: &str) -> Value {
        json!({
            "model": model,
            "messages": [{"role": "user", "content": [
                {"type": "video_url", "video_url": {"url": format!("data:video/mp4;base64,{video}")}},
                {"type": "text", "text": question},
            ]}],
            "temperature": 0,
        })
    }

    fn text(&self, response: &Value) -> Result<Option<String>, JudgeError> {
        let message = &response["choices"][0]["message"];
        match (message["content"].as_str(), message["refusal"].as_str()) {
            (Some(text), _) => Ok(Some(text.to_string())),
            (None, Some(reason)) => Err(declined(reason)),
            (None, None) => Ok(joined(&message["content"])),
        }
    }
}

fn declined(reason: &str) -> JudgeError {
    JudgeError::Never { reason: format!("the judge refuses this video: {reason}") }
}

/// Text of all parts of a message, without the model's thoughts.
fn joined(parts: &Value) -> Option<String> {
    let spoken = parts.as_array()?.iter().filter(|part| part["thought"] != true);
    let text: String = spoken.filter_map(|part| part["text"].as_str()).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_both_protocols_and_thoughts_left_out() {
        let gemini = json!({"candidates": [{"content": {"parts": [
            {"text": "hm", "thought": true}, {"text": "Answer: "}, {"text": "yes"}]}}]});
        assert_eq!(Gemini.text(&gemini).unwrap().as_deref(), Some("Answer: yes"));
        let listed = json!({"choices": [{"message": {"content": [{"type": "text", "text": "no"}]}}]});
        assert_eq!(OpenAi.text(&listed).unwrap().as_deref(), Some("no"));
        let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
        assert!(matches!(Gemini.text(&blocked), Err(JudgeError::Never { .. })));
        for empty in [Value::Null, json!([]), json!({"candidates": []}), json!({"choices": 3})] {
            assert_eq!(Gemini.text(&empty).unwrap(), None);
            assert_eq!(OpenAi.text(&empty).unwrap(), None);
        }
    }
}
