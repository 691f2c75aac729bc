//! Sentences the grammar of requests was held against: what people type when they want a person, and what looks like it
//! and is not. Written for this project; a sentence that fails goes into the grammar's classes, never into a list.

use super::request::{Found, find};

const WANTED: &str = "
can i get a human
get me a human
human pls
is there a real person here
I'd like to speak with a supervisor
let me speak to your manager
need an actual human being
I want to speak to customer service
put me on to someone who can help
could you put me in touch with a colleague
i'd prefer to deal with a human
can someone from your team call me
please have an agent contact me
have someone call me back
I would rather speak to a human than a bot
real person please
speak to a representative
representative
REPRESENTATIVE!!!
talk to rep
I want to escalate this to a supervisor
please escalate my case
can I chat with a live person
operator
customer service agent please
no bots, human please
stop sending me bot answers and get me a person
i need to talk with a real human being not a machine
please transfer me
connect me with housekeeping
put me through to the kitchen
transfer me to the night desk
I want to talk to the front desk
could I speak with someone at the bar
can you get me the manager on the phone
pass me on to your colleague
hand me over to a human
is a human available
are any agents online
i am not talking to a bot anymore
I don't want to talk to a robot
I'd rather not talk to a bot
i refuse to talk to a machine
why can't I talk to a human
can't I just speak to someone?
get me someone who can actually help
I need human assistance
human support please
can a human help me with this
can a real person look at this
i want to speak to somebody in charge
let me talk to somebody else
is there anyone I can speak to
I need a person to speak to about my order
human agent
talk to a human being
tlak to a human
i want to speek to a human
conect me to an agent
speak with a represenative
trasnfer me to a human
wanna talk to some one real, an agent
please bring in a human
transfer this chat to a human
I really need to speak with an advisor about my mortgage
let me talk to one of your employees
this isn't working, agent
I dont think a bot can solve this, I want a person
my issue is complicated can i talk to a technician
I was talking to the bot for an hour, give me a human
Ich möchte mit einem Menschen sprechen
Verbinden Sie mich bitte mit einem Mitarbeiter
kann ich mit jemandem reden
Mitarbeiter bitte
ich will einen echten Menschen
Ich will nicht mit einem Bot reden
Gibt es hier einen Ansprechpartner, mit dem ich sprechen kann?
leiten Sie mich an einen Berater weiter
je veux parler à un humain
puis-je parler à un conseiller ?
passez-moi un agent s'il vous plaît
je voudrais parler avec quelqu'un
un humain svp
mettez-moi en relation avec un conseiller
quiero hablar con un agente
necesito hablar con una persona real
páseme con un asesor por favor
un humano por favor
¿puedo hablar con alguien?
me pueden comunicar con un operador
quero falar com um atendente
preciso falar com uma pessoa
pode me transferir para um humano
atendente por favor
vorrei parlare con un operatore
posso parlare con qualcuno?
passami un operatore
un essere umano per favore
ik wil met een medewerker spreken
kan ik iemand spreken
verbind me door met een medewerker
een echt mens graag
";

const NOT_WANTED: &str = "
Do I need to talk to an agent to change my plan?
I spoke to an agent yesterday and they told me to wait
an agent told me to reinstall
How do I add an agent to my workspace?
Can agents see visitor IP addresses?
I want an agent license for my team
how do I transfer a conversation to another agent?
how can my customers talk to a person?
what is a support agent
thank your manager for me
my manager wants an invoice
my agent sold me this policy
i am a real person
i'm human
human error in my invoice
can I send money to another person
how do I pay a person abroad
how do I remove a person from the photo
I am the account manager here
speak to you later
nice talking to you
talk to you soon
can I talk to you in German?
do you speak English?
does the agent speak German?
I need to contact the seller
how do I reach the restaurant by bus
give me a second
the person I spoke to was rude
someone told me to restart
which person approves refunds?
a person stole my card
can two people share an account
the assistant app crashes
Can someone help me reset my password?
could somebody tell me the price
I need someone to explain the fees
are you a human or a bot?
am I talking to a real person
is this a bot or a person
How many human agents can I add on the Team plan?
What are your support hours?
what time can I talk to support
how would you say I want to talk to a human in french
connect my phone to the computer
transfer 50 to my savings
put it in the basket
I need it to work with agents
call me Anna
can i chat with my friends in the app
how do I talk to my landlord about rent
who is the manager of the Berlin store
is the agent fee refundable
hello, agent
sind Sie ein Mensch oder ein Bot?
wie lade ich einen Mitarbeiter ein?
wie viele Mitarbeiter kann ich anlegen?
combien d'agents puis-je ajouter ?
comment ajouter une personne au compte
cuántos agentes puedo añadir
estou falando com um robô?
quanti operatori posso aggiungere
hoeveel medewerkers kan ik toevoegen
";

const NEGATED: &str = "
I don't need to speak to anyone, thanks
no need to connect me with an agent
please don't transfer me to a human
No, you do not need to transfer me, the article helped
you don't have to put me through to an agent
I'd rather not talk to a person
Sie müssen mich nicht mit einem Mitarbeiter verbinden
no necesito hablar con un agente
";

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|l| !l.is_empty())
}

fn has(text: &str, found: Found) -> bool {
    find(text).iter().any(|m| m.found == found)
}

#[test]
fn people_who_want_a_person_are_heard() {
    let missed: Vec<&str> = lines(WANTED).filter(|l| !has(l, Found::Request)).collect();
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn people_who_do_not_are_left_alone() {
    let alarms: Vec<String> = lines(NOT_WANTED)
        .filter(|l| has(l, Found::Request))
        .map(|l| format!("{l} {:?}", find(l).iter().map(|m| m.rule.clone()).collect::<Vec<_>>()))
        .collect();
    assert!(alarms.is_empty(), "{} false alarms:\n{}", alarms.len(), alarms.join("\n"));
}

#[test]
fn a_negated_request_is_none() {
    let wrong: Vec<&str> =
        lines(NEGATED).filter(|l| has(l, Found::Request) || !has(l, Found::Negated)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn asking_what_we_are_is_no_request() {
    for text in [
        "are you a human or a bot?",
        "am I talking to a real person",
        "sind Sie ein Mensch?",
        "¿eres un robot?",
    ] {
        assert!(has(text, Found::BotQuestion) && !has(text, Found::Request), "{text}");
    }
}
