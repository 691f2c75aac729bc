//! What the assistant says, in one table by text key. Another language is another table; nothing else in the room holds a
//! sentence. `{quote}`, `{other}`, `{first}`, `{second}` and `{contact}` are filled in by [`super::answer`].

use crate::handoff::policy::TextKey;

/// The English text of a key. Texts with a person in them are chosen by the policy only while one is there.
pub fn english(key: TextKey) -> &'static str {
    match key {
        TextKey::Answer => "{quote}\n\nDid that help?",
        TextKey::AnswerTwo => {
            "Two sections of our docs may help.\n\n{first}:\n{quote}\n\n{second}:\n{other}\n\nWas it one of these?"
        }
        TextKey::Greeting => "Hello! What can I help you with?",
        TextKey::Thanks => "You're welcome! I'm here if anything else comes up.",
        TextKey::Bye => "Goodbye, and thanks for writing.",
        TextKey::Ack => "Good. Is there anything else?",
        TextKey::IAmAssistant => "I'm an AI assistant. I answer from our docs.",
        TextKey::NoTransfer => "All right, we stay here. What else can I help you with?",
        TextKey::Clarify => {
            "I can't find that in our docs. Could you put it another way, or tell me a little more? If you'd rather talk to a person, just say so."
        }
        TextKey::ClarifyAlone => {
            "I can't find that in our docs. Could you put it another way, or tell me a little more?"
        }
        TextKey::SorryClarify => {
            "I'm sorry, that was no help. In one sentence, what should happen that doesn't?"
        }
        TextKey::SorryAnswer => "I'm sorry about that. Let me try again.\n\n{quote}\n\nIs that closer?",
        TextKey::AnswerBeforePerson => {
            "{quote}\n\nIf that doesn't solve it, say so and I'll bring in a person."
        }
        TextKey::Collect => "Of course. So that the team can start right away: what is it about?",
        TextKey::HandoffRequested => {
            "Of course. I'm connecting you with the team; they can see what you have written here."
        }
        TextKey::HandoffAsk => {
            "Of course. I'm connecting you with the team. While you wait: what is it about?"
        }
        TextKey::HandoffTopic => {
            "This is something for a person. I'm connecting you with the team; they can see what you have written here."
        }
        TextKey::HandoffSorry => {
            "I'm sorry, I'm not getting this right. I'm connecting you with the team; you won't have to repeat yourself."
        }
        TextKey::HandoffUnanswered => {
            "I can't find that in our docs, so I'm connecting you with the team; they can see what you have written here."
        }
        TextKey::HandoffFailed => {
            "Something went wrong on my side. I'm connecting you with the team; you won't have to repeat yourself."
        }
        TextKey::Offer => "Would you like to talk to a person about this? Just say so and I'll bring one in.",
        TextKey::LeadCapture => {
            "Nobody from the team is here right now. Leave your name and e-mail address, and they will get back to you."
        }
        TextKey::Decline => {
            "I can't bring in a person here.{contact} I can answer from our docs if you tell me what it is about."
        }
        TextKey::DeclineTopic => "I can't help with this here; it needs a person.{contact}",
        TextKey::DeclineNobody => {
            "Nobody from the team is here right now.{contact} I can answer from our docs in the meantime."
        }
        TextKey::Silent => "",
    }
}

/// What is added to an apology or an honest answer while a person is there to be offered.
pub const OFFER: &str = " If you'd rather talk to a person, just say so.";
/// How the contact route is given, with `{route}` filled in; nothing is said where the owner gave none.
pub const CONTACT: &str = " You can reach the team here: {route}.";
