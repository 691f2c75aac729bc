//! Who visits the demo: what each one wants, in which mood and language, and how they take an answer.
//!
//! The questions are ones that the shipped docs answer (or, for some, do not). All people and numbers are made up.

/// How somebody asks for a person, if they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// They do not.
    None,
    /// In these words.
    Words(&'static str),
    /// By the button.
    Button,
}

/// One visitor's part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Their name, if they tell it.
    pub(super) name: Option<&'static str>,
    /// Where a reply by mail would go, where nobody is there.
    pub(super) email: &'static str,
    /// Their browser's language.
    pub(super) locale: &'static str,
    /// The time zone their browser reports.
    pub(super) time_zone: &'static str,
    /// The page they come in on: path below the demo site, and title.
    pub(super) page: (&'static str, &'static str),
    /// Questions to the assistant, each after the answer to the one before.
    pub(super) asks: &'static [&'static str],
    /// Whether, and how, they then ask for a person.
    pub(super) wish: Wish,
    /// What they say when nobody has come for a while.
    pub(super) impatient: &'static str,
    /// What they say to the person, answer by answer.
    pub(super) tells: &'static [&'static str],
    /// Their last words.
    pub(super) thanks: &'static str,
    /// Whether they then press "end the chat".
    pub(super) ends: bool,
}

const HOME: (&str, &str) = ("", "Varnholt Lights");
const PRODUCT: (&str, &str) = ("product.html", "Tern 40 headlight");
const CHECKOUT: (&str, &str) = ("checkout.html", "Your basket");
const SUPPORT: (&str, &str) = ("support.html", "Help");

/// The first to come: somebody who wants a person soon, so that a handoff is waiting within seconds.
pub(super) const OPENING: Part = Part {
    name: Some("Maya Osei"),
    email: "maya.osei@visitor.example",
    locale: "en-GB",
    time_zone: "Europe/London",
    page: SUPPORT,
    asks: &["Where is my order?"],
    wish: Wish::Words("It says delivered, but nothing came. Can I talk to a person?"),
    impatient: "Is anybody there? It was a birthday present.",
    tells: &[
        "Order VH-48213, it was due on Tuesday.",
        "No, I asked both neighbours, and there is no card in the letterbox.",
        "A second one sent today would be perfect.",
    ],
    thanks: "Thank you so much, that saves the day!",
    ends: false,
};

/// Everybody else.
pub(super) const PARTS: &[Part] = &[
    Part {
        name: None,
        email: "t.brandt@visitor.example",
        locale: "en-GB",
        time_zone: "Europe/London",
        page: PRODUCT,
        asks: &["Is the Tern waterproof?", "How long do I have to return something?"],
        wish: Wish::None,
        impatient: "Hello?",
        tells: &["Good to know."],
        thanks: "Thanks, that answers it.",
        ends: true,
    },
    Part {
        name: Some("Jonas Keller"),
        email: "jonas.keller@visitor.example",
        locale: "de-DE",
        time_zone: "Europe/Berlin",
        page: PRODUCT,
        asks: &["Hallo, passt der Tern 70 E an einen Bosch-Motor?"],
        wish: Wish::Words("Kann ich bitte mit einem Mitarbeiter sprechen?"),
        impatient: "Ist da noch jemand?",
        tells: &["Es ist ein Bosch Performance Line von 2021.", "Und welches Kabel brauche ich dafür?"],
        thanks: "Super, vielen Dank!",
        ends: false,
    },
    Part {
        name: Some("Camille Roux"),
        email: "camille.roux@visitor.example",
        locale: "fr-FR",
        time_zone: "Europe/Paris",
        page: CHECKOUT,
        asks: &["Bonjour, la livraison en France coûte combien ?"],
        wish: Wish::Words("Je voudrais parler à un conseiller, s'il vous plaît."),
        impatient: "Vous êtes toujours là ?",
        tells: &[
            "C'est pour deux phares Tern 40, à Lyon.",
            "Et si je commande aujourd'hui, ça arrive quand ?",
        ],
        thanks: "Parfait, merci beaucoup !",
        ends: true,
    },
    Part {
        name: Some("Priya Nair"),
        email: "priya.nair@visitor.example",
        locale: "en-IN",
        time_zone: "Asia/Kolkata",
        page: CHECKOUT,
        asks: &["My card was declined, what can I do?", "I tried that twice and it still fails."],
        wish: Wish::Button,
        impatient: "I still have the basket open, can somebody help?",
        tells: &[
            "It is a Visa card, the bank says they never saw the payment.",
            "Paying by bank transfer would be fine too.",
        ],
        thanks: "That worked. Thanks for the quick help.",
        ends: false,
    },
    Part {
        name: None,
        email: "rider88@visitor.example",
        locale: "en-US",
        time_zone: "America/New_York",
        page: SUPPORT,
        asks: &["The light flickers at low speed", "did all that. STILL flickers!!"],
        wish: Wish::Words("This is useless. Give me a human, now."),
        impatient: "Unbelievable. How long does this take?",
        tells: &[
            "Heron hub, Tern 40, bought in March. It flickers under 12 km/h.",
            "Ok. I can send a video of it tonight.",
        ],
        thanks: "Fine. Thanks for taking it seriously.",
        ends: false,
    },
    Part {
        name: Some("Lucía Ferrer"),
        email: "lucia.ferrer@visitor.example",
        locale: "es-ES",
        time_zone: "Europe/Madrid",
        page: HOME,
        asks: &["Hola, ¿enviáis a las Islas Canarias?"],
        wish: Wish::Words("¿Puedo hablar con una persona?"),
        impatient: "¿Hay alguien?",
        tells: &[
            "Vivo en Tenerife y quiero el juego Moth.",
            "Entiendo, entonces a casa de mi hermana en Madrid.",
        ],
        thanks: "¡Muchas gracias!",
        ends: true,
    },
    Part {
        name: Some("Sanne de Wit"),
        email: "sanne.dewit@visitor.example",
        locale: "nl-NL",
        time_zone: "Europe/Amsterdam",
        page: SUPPORT,
        asks: &["Can I charge a phone with the Heron hub?", "How much drag does it have?"],
        wish: Wish::None,
        impatient: "Hallo?",
        tells: &["Ah, handig."],
        thanks: "Bedankt!",
        ends: true,
    },
    Part {
        name: Some("Olu Adeyemi"),
        email: "olu@cycleworks.example",
        locale: "en-GB",
        time_zone: "Europe/London",
        page: HOME,
        asks: &["Do you have prices for bike shops?", "How do I get an invoice?"],
        wish: Wish::Words("I'd like to order 40 sets, could someone from sales call me?"),
        impatient: "No hurry, but I would like to settle this today.",
        tells: &[
            "Cycleworks in Leeds, we have bought from you before.",
            "Forty Tern 40 and forty Wick, delivered in two batches.",
        ],
        thanks: "Great, I look forward to the offer.",
        ends: false,
    },
    Part {
        name: None,
        email: "ana.prata@visitor.example",
        locale: "pt-PT",
        time_zone: "Europe/Lisbon",
        page: PRODUCT,
        asks: &["Olá, o Wick funciona com um farol de outra marca?"],
        wish: Wish::Button,
        impatient: "Ainda aí está alguém?",
        tells: &["É um farol de 2015, de dínamo.", "Está bem, vou experimentar."],
        thanks: "Obrigada!",
        ends: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_something_to_say_and_fits_on_the_wire() {
        for part in PARTS.iter().chain([&OPENING]) {
            assert!(!part.asks.is_empty() && !part.tells.is_empty() && !part.thanks.is_empty());
            let mut said: Vec<&str> = part.asks.iter().chain(part.tells).copied().collect();
            said.extend([part.thanks, part.impatient]);
            if let Wish::Words(words) = part.wish {
                said.push(words);
            }
            assert!(said.iter().all(|words| !words.trim().is_empty() && words.len() < 200));
            // RFC 2606: an address nobody can have.
            assert!(part.email.ends_with(".example"));
        }
    }

    #[test]
    fn the_cast_is_mixed() {
        let languages: std::collections::BTreeSet<&str> = PARTS.iter().map(|p| &p.locale[..2]).collect();
        assert!(languages.len() >= 5, "{languages:?}");
        assert!(PARTS.iter().any(|p| p.wish == Wish::None));
        assert!(PARTS.iter().any(|p| p.wish == Wish::Button));
        assert!(PARTS.iter().any(|p| p.ends) && PARTS.iter().any(|p| !p.ends));
        assert!(matches!(OPENING.wish, Wish::Words(_)));
    }
}
