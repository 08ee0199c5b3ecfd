---- MODULE chart ----
(* openline: the session's chart, timers, gate and verdicts.
   Made from the table that the machine runs; do not edit. *)
EXTENDS Naturals

CONSTANTS Attempts, Dials  \* the policy's limit of retries, and 15

VARIABLES
    state,  \* the state of the chart
    mode,  \* who still acts: all, timers, kept timers, the limit
    provider,  \* there is a provider for credentials
    asked,  \* the app, or its last source, has asked for the stop
    stop,  \* the session is to stop
    attempts,  \* retries since there was progress
    zone,  \* how long the witness is ago
    passes,  \* passes of the gate since the witness, and it
    gated,  \* the planned dial waits until the witness is older than the gate's span
    held,  \* the line held for as long as a stable one
    leaving,  \* a replaced dial: 0 none, 1 drains, 2 closes
    wanted,  \* a credential is to be asked for before the next dial
    refused,  \* the last credential was refused
    used,  \* the one fresh credential since the line was stable is used
    sockets,  \* sockets that are open or being opened
    requests,  \* requests for a credential under way
    t_finish,  \* FINISH runs
    t_give_up,  \* GIVE_UP runs
    t_auth,  \* AUTH runs
    t_connect,  \* CONNECT runs
    t_settle,  \* SETTLE runs
    t_ack,  \* ACK runs
    t_stable,  \* STABLE runs
    t_drain,  \* DRAIN runs
    t_retry,  \* RETRY runs
    t_close,  \* CLOSE runs
    t_pong,  \* PONG runs
    t_ping  \* PING runs

vars == << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

FREE == 0
SILENT == 1
STRICT == 2
OUT == 3

full == zone \in {1, 2} /\ passes >= Dials
spent == attempts >= Attempts
flood == zone \in {1} /\ passes > Dials
beyond == attempts > Attempts
over == state \in {"closed", "failed"}

TypeOK ==
    /\ state \in {"authorizing", "awaiting_ack", "closed", "closing", "connecting", "draining", "failed", "finishing", "idle", "reconnecting", "streaming"}
    /\ mode \in {FREE, SILENT, STRICT, OUT}
    /\ provider \in {0, 1}
    /\ asked \in {0, 1}
    /\ stop \in {0, 1}
    /\ attempts \in Nat
    /\ zone \in {0, 1, 2}
    /\ passes \in Nat
    /\ gated \in {0, 1}
    /\ held \in {0, 1}
    /\ leaving \in {0, 1, 2}
    /\ wanted \in {0, 1}
    /\ refused \in {0, 1}
    /\ used \in {0, 1}
    /\ sockets \in {0, 1, 2}
    /\ requests \in {0, 1, 2}
    /\ t_finish \in {0, 1}
    /\ t_give_up \in {0, 1}
    /\ t_auth \in {0, 1}
    /\ t_connect \in {0, 1}
    /\ t_settle \in {0, 1}
    /\ t_ack \in {0, 1}
    /\ t_stable \in {0, 1}
    /\ t_drain \in {0, 1}
    /\ t_retry \in {0, 1}
    /\ t_close \in {0, 1}
    /\ t_pong \in {0, 1}
    /\ t_ping \in {0, 1}

Init ==
    /\ state = "idle"
    /\ mode = FREE
    /\ provider \in {0, 1}
    /\ asked = 0
    /\ stop = 0
    /\ attempts = 0
    /\ zone = 0
    /\ passes = 0
    /\ gated = 0
    /\ held = 0
    /\ leaving = 0
    /\ wanted = provider
    /\ refused = 0
    /\ used = 0
    /\ sockets = 0
    /\ requests = 0
    /\ t_finish = 0
    /\ t_give_up = 0
    /\ t_auth = 0
    /\ t_connect = 0
    /\ t_settle = 0
    /\ t_ack = 0
    /\ t_stable = 0
    /\ t_drain = 0
    /\ t_retry = 0
    /\ t_close = 0
    /\ t_pong = 0
    /\ t_ping = 0

\* open_requested: idle --open_requested [needs_credential]--> authorizing
Step0 ==
    /\ state = "idle"
    /\ provider = 1 /\ wanted = 0
    /\ requests' = 1
    /\ wanted' = 1
    /\ t_auth' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* open_requested: idle --open_requested [needs_credential]--> authorizing
Step1 ==
    /\ state = "idle"
    /\ wanted = 1
    /\ requests' = 1
    /\ t_auth' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* open_requested: idle --open_requested [needs_credential]--> authorizing
Step2 ==
    /\ state = "idle"
    /\ wanted = 1
    /\ zone' = 1
    /\ passes' = 1
    /\ requests' = 1
    /\ t_auth' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* open_requested: idle --open_requested--> connecting
Step3 ==
    /\ state = "idle"
    /\ wanted = 0
    /\ sockets' = 1
    /\ t_connect' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* open_requested: idle --open_requested--> connecting
Step4 ==
    /\ state = "idle"
    /\ wanted = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ sockets' = 1
    /\ t_connect' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* abort_requested: idle --abort_requested--> closed
Step5 ==
    /\ state = "idle"
    /\ TRUE
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: idle --stop_requested--> closed
Step6 ==
    /\ state = "idle"
    /\ TRUE
    /\ asked' = 1
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* abort_requested: authorizing --abort_requested--> closed
Step7 ==
    /\ state = "authorizing"
    /\ mode = FREE
    /\ t_auth' = 0
    /\ requests' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: authorizing --stop_requested [all_delivered]--> closed
Step8 ==
    /\ state = "authorizing"
    /\ mode = FREE
    /\ asked' = 1
    /\ t_auth' = 0
    /\ requests' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: authorizing --stop_requested--> itself
Step9 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ stop = 1
    /\ asked' = 1
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: authorizing --stop_requested--> itself
Step10 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready [no_retry]--> failed
Step11 ==
    /\ state = "authorizing"
    /\ mode = FREE
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready [gate_open]--> connecting
Step12 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ refused = 1 /\ zone = 0
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_connect' = 1
    /\ used' = 1
    /\ wanted' = 0
    /\ refused' = 0
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, t_finish, t_give_up, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready [gate_open]--> connecting
Step13 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ refused = 1 /\ zone = 0
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_connect' = 1
    /\ used' = 1
    /\ wanted' = 0
    /\ refused' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, held, leaving, t_finish, t_give_up, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready [gate_open]--> connecting
Step14 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ zone # 0 /\ refused = 1
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_connect' = 1
    /\ used' = 1
    /\ wanted' = 0
    /\ refused' = 0
    /\ passes' = passes + 1
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, held, leaving, t_finish, t_give_up, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready [gate_open]--> connecting
Step15 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ refused = 0 /\ zone = 0
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_connect' = 1
    /\ wanted' = 0
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, refused, used, t_finish, t_give_up, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready [gate_open]--> connecting
Step16 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ refused = 0 /\ zone = 0
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_connect' = 1
    /\ wanted' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, held, leaving, refused, used, t_finish, t_give_up, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready [gate_open]--> connecting
Step17 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ zone # 0 /\ refused = 0
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_connect' = 1
    /\ wanted' = 0
    /\ passes' = passes + 1
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, held, leaving, refused, used, t_finish, t_give_up, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready--> reconnecting
Step18 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ refused = 1
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ used' = 1
    /\ wanted' = 0
    /\ refused' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready--> reconnecting
Step19 ==
    /\ state = "authorizing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ refused = 1) \/ (mode = FREE /\ full /\ refused = 1)
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ used' = 1
    /\ wanted' = 0
    /\ refused' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, held, leaving, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready--> reconnecting
Step20 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ refused = 0
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ wanted' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* credential_ready: authorizing --credential_ready--> reconnecting
Step21 ==
    /\ state = "authorizing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ refused = 0) \/ (mode = FREE /\ full /\ refused = 0)
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ wanted' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, held, leaving, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* credential_failed: authorizing --credential_failed [no_retry]--> failed
Step22 ==
    /\ state = "authorizing"
    /\ mode = FREE
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* credential_failed: authorizing --credential_failed--> reconnecting
Step23 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* credential_failed: authorizing --credential_failed--> reconnecting
Step24 ==
    /\ state = "authorizing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* credential_failed: authorizing --credential_failed--> reconnecting
Step25 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* credential_failed: authorizing --credential_failed--> reconnecting
Step26 ==
    /\ state = "authorizing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ requests' = 0
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* FINISH: authorizing --finish_due--> failed
Step27 ==
    /\ state = "authorizing"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ t_auth' = 0
    /\ requests' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* GIVE_UP: authorizing --give_up_due--> failed
Step28 ==
    /\ state = "authorizing"
    /\ (mode # OUT /\ t_give_up = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_give_up = 1)
    /\ t_give_up' = 0
    /\ t_auth' = 0
    /\ requests' = 0
    /\ t_finish' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: authorizing --stop_requested [all_delivered]--> closed
Step29 ==
    /\ state = "authorizing"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ t_auth' = 0
    /\ requests' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: authorizing --stop_requested--> itself
Step30 ==
    /\ state = "authorizing"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* AUTH: authorizing --timed_out [no_retry]--> failed
Step31 ==
    /\ state = "authorizing"
    /\ (mode # OUT) \/ (mode = OUT /\ t_finish = 0)
    /\ t_auth' = 0
    /\ requests' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* AUTH: authorizing --timed_out--> reconnecting
Step32 ==
    /\ state = "authorizing"
    /\ (mode # OUT /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ ~spent)
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ requests' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* AUTH: authorizing --timed_out--> reconnecting
Step33 ==
    /\ state = "authorizing"
    /\ (mode # OUT /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ full /\ ~spent)
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ requests' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* AUTH: authorizing --timed_out--> reconnecting
Step34 ==
    /\ state = "authorizing"
    /\ (mode # OUT /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ ~spent)
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ requests' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* AUTH: authorizing --timed_out--> reconnecting
Step35 ==
    /\ state = "authorizing"
    /\ (mode # OUT /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ full /\ ~spent)
    /\ t_auth' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ requests' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, sockets, t_finish, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* abort_requested: connecting --abort_requested--> closed
Step36 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ t_connect' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: connecting --stop_requested [all_delivered]--> closed
Step37 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ asked' = 1
    /\ t_connect' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: connecting --stop_requested--> itself
Step38 ==
    /\ state = "connecting"
    /\ mode = FREE /\ stop = 1
    /\ asked' = 1
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: connecting --stop_requested--> itself
Step39 ==
    /\ state = "connecting"
    /\ mode = FREE /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_opened: connecting --socket_opened [opens_stopped]--> finishing
Step40 ==
    /\ state = "connecting"
    /\ mode = FREE /\ stop = 1
    /\ t_connect' = 0
    /\ t_give_up' = 0
    /\ t_ping' = 1
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong >>

\* socket_opened: connecting --socket_opened [opens_now]--> streaming
Step41 ==
    /\ state = "connecting"
    /\ mode = FREE /\ stop = 0
    /\ t_connect' = 0
    /\ t_stable' = 1
    /\ t_give_up' = 0
    /\ t_ping' = 1
    /\ state' = "streaming"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_auth, t_settle, t_ack, t_drain, t_retry, t_close, t_pong >>

\* socket_opened: connecting --socket_opened--> awaiting_ack
Step42 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ t_connect' = 0
    /\ t_ack' = 1
    /\ state' = "awaiting_ack"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_opened: connecting --socket_opened--> awaiting_ack
Step43 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ t_connect' = 0
    /\ t_settle' = 1
    /\ state' = "awaiting_ack"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* redirected: connecting --redirected [no_retry]--> failed
Step44 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* redirected: connecting --redirected [gate_open]--> itself
Step45 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ zone = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* redirected: connecting --redirected [gate_open]--> itself
Step46 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ zone # 0
    /\ passes' = passes + 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* redirected: connecting --redirected--> reconnecting
Step47 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* redirected: connecting --redirected--> reconnecting
Step48 ==
    /\ state = "connecting"
    /\ (mode = FREE /\ ~full /\ zone # 0) \/ (mode = FREE /\ full)
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* redirect_refused: connecting --redirect_refused [no_retry]--> failed
Step49 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* redirect_refused: connecting --redirect_refused--> reconnecting
Step50 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* redirect_refused: connecting --redirect_refused--> reconnecting
Step51 ==
    /\ state = "connecting"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* redirect_refused: connecting --redirect_refused--> reconnecting
Step52 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* redirect_refused: connecting --redirect_refused--> reconnecting
Step53 ==
    /\ state = "connecting"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost [no_retry]--> failed
Step54 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step55 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step56 ==
    /\ state = "connecting"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step57 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step58 ==
    /\ state = "connecting"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step59 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step60 ==
    /\ state = "connecting"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step61 ==
    /\ state = "connecting"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: connecting --socket_lost--> reconnecting
Step62 ==
    /\ state = "connecting"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* FINISH: connecting --finish_due--> failed
Step63 ==
    /\ state = "connecting"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ t_connect' = 0
    /\ sockets' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* GIVE_UP: connecting --give_up_due--> failed
Step64 ==
    /\ state = "connecting"
    /\ (mode # OUT /\ t_give_up = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_give_up = 1)
    /\ t_give_up' = 0
    /\ t_connect' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: connecting --stop_requested [all_delivered]--> closed
Step65 ==
    /\ state = "connecting"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ t_connect' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: connecting --stop_requested--> itself
Step66 ==
    /\ state = "connecting"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* CONNECT: connecting --timed_out [no_retry]--> failed
Step67 ==
    /\ state = "connecting"
    /\ (mode # OUT) \/ (mode = OUT /\ t_finish = 0)
    /\ t_connect' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* CONNECT: connecting --timed_out--> reconnecting
Step68 ==
    /\ state = "connecting"
    /\ (mode # OUT /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ ~spent)
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* CONNECT: connecting --timed_out--> reconnecting
Step69 ==
    /\ state = "connecting"
    /\ (mode # OUT /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ full /\ ~spent)
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* CONNECT: connecting --timed_out--> reconnecting
Step70 ==
    /\ state = "connecting"
    /\ (mode # OUT /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ ~spent)
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* CONNECT: connecting --timed_out--> reconnecting
Step71 ==
    /\ state = "connecting"
    /\ (mode # OUT /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ full /\ ~spent)
    /\ t_connect' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* abort_requested: awaiting_ack --abort_requested--> closed
Step72 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: awaiting_ack --stop_requested [all_delivered]--> closed
Step73 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE
    /\ asked' = 1
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: awaiting_ack --stop_requested--> itself
Step74 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ stop = 1
    /\ asked' = 1
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: awaiting_ack --stop_requested--> itself
Step75 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost [no_retry]--> failed
Step76 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step77 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step78 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step79 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step80 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step81 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step82 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step83 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* socket_lost: awaiting_ack --socket_lost--> reconnecting
Step84 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused [no_retry]--> failed
Step85 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step86 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step87 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step88 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step89 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step90 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step91 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step92 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* refused: awaiting_ack --refused--> reconnecting
Step93 ==
    /\ state = "awaiting_ack"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* acked: awaiting_ack --acked [greeting_goes_first]--> itself
Step94 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE
    /\ t_ack' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* acked: awaiting_ack --acked [greeting_goes_first]--> itself
Step95 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE
    /\ t_ack' = 0
    /\ t_settle' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* acked: awaiting_ack --acked [stopping]--> finishing
Step96 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ stop = 1
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_give_up' = 0
    /\ t_ping' = 1
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong >>

\* acked: awaiting_ack --acked--> streaming
Step97 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ stop = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_stable' = 1
    /\ t_give_up' = 0
    /\ t_ping' = 1
    /\ state' = "streaming"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_auth, t_connect, t_drain, t_retry, t_close, t_pong >>

\* FINISH: awaiting_ack --finish_due--> failed
Step98 ==
    /\ state = "awaiting_ack"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ sockets' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* GIVE_UP: awaiting_ack --give_up_due--> failed
Step99 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_give_up = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_give_up = 1)
    /\ t_give_up' = 0
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: awaiting_ack --stop_requested [all_delivered]--> closed
Step100 ==
    /\ state = "awaiting_ack"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: awaiting_ack --stop_requested--> itself
Step101 ==
    /\ state = "awaiting_ack"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SETTLE: awaiting_ack --settle_due [opens_stopped]--> finishing
Step102 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_settle = 1 /\ stop = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_settle = 1 /\ stop = 1)
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_give_up' = 0
    /\ t_ping' = 1
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong >>

\* SETTLE: awaiting_ack --settle_due [opens_now]--> streaming
Step103 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_settle = 1 /\ stop = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_settle = 1 /\ stop = 0)
    /\ t_settle' = 0
    /\ t_ack' = 0
    /\ t_stable' = 1
    /\ t_give_up' = 0
    /\ t_ping' = 1
    /\ state' = "streaming"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_auth, t_connect, t_drain, t_retry, t_close, t_pong >>

\* SETTLE: awaiting_ack --settle_due--> itself
Step104 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_settle = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_settle = 1)
    /\ t_settle' = 0
    /\ t_ack' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* ACK: awaiting_ack --timed_out [no_retry]--> failed
Step105 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_ack = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_ack = 1)
    /\ t_ack' = 0
    /\ t_settle' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_auth, t_connect, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* ACK: awaiting_ack --timed_out--> reconnecting
Step106 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_ack = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_ack = 1 /\ ~full /\ ~spent)
    /\ t_ack' = 0
    /\ t_settle' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* ACK: awaiting_ack --timed_out--> reconnecting
Step107 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_ack = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_ack = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_ack = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_ack = 1 /\ full /\ ~spent)
    /\ t_ack' = 0
    /\ t_settle' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* ACK: awaiting_ack --timed_out--> reconnecting
Step108 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_ack = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_ack = 1 /\ ~full /\ ~spent)
    /\ t_ack' = 0
    /\ t_settle' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* ACK: awaiting_ack --timed_out--> reconnecting
Step109 ==
    /\ state = "awaiting_ack"
    /\ (mode # OUT /\ t_ack = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_ack = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_ack = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_ack = 1 /\ full /\ ~spent)
    /\ t_ack' = 0
    /\ t_settle' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ attempts' = attempts + 1
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, held, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_stable, t_drain, t_close, t_pong, t_ping >>

\* abort_requested: streaming --abort_requested--> closed
Step110 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_stable' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close >>

\* network_restored: streaming --network_restored--> itself
Step111 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* stop_requested: streaming --stop_requested--> finishing
Step112 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ asked' = 1
    /\ t_stable' = 0
    /\ stop' = 1
    /\ t_finish' = 1
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_lost: streaming --socket_lost [no_retry]--> failed
Step113 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step114 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step115 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step116 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step117 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step118 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step119 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step120 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* socket_lost: streaming --socket_lost--> reconnecting
Step121 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused [no_retry]--> failed
Step122 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close >>

\* refused: streaming --refused--> reconnecting
Step123 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused--> reconnecting
Step124 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused--> reconnecting
Step125 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused--> reconnecting
Step126 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused--> reconnecting
Step127 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused--> reconnecting
Step128 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused--> reconnecting
Step129 ==
    /\ state = "streaming"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* refused: streaming --refused--> reconnecting
Step130 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* acked: streaming --acked--> itself
Step131 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* status: streaming --status--> itself
Step132 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* backend_error: streaming --backend_error--> itself
Step133 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* transcript: streaming --transcript--> itself
Step134 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* transcript: streaming --transcript--> itself
Step135 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* proved: streaming --proved--> itself
Step136 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* proved: streaming --proved--> itself
Step137 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* ignored: streaming --ignored--> itself
Step138 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* ignored: streaming --ignored--> itself
Step139 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* metrics: streaming --metrics--> itself
Step140 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* metrics: streaming --metrics--> itself
Step141 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* insight: streaming --insight--> itself
Step142 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* expiring: streaming --expiring--> itself
Step143 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* final_message: no row
Step144 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* pong: streaming --pong--> itself
Step145 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* pong: streaming --pong--> itself
Step146 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* FINISH: no row
Step147 ==
    /\ state = "streaming"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: streaming --stop_requested--> finishing
Step148 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT}
    /\ asked' = 1
    /\ t_stable' = 0
    /\ stop' = 1
    /\ t_finish' = 1
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close, t_pong, t_ping >>

\* STABLE: streaming --stable_due--> itself
Step149 ==
    /\ state = "streaming"
    /\ (mode # OUT /\ t_stable = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_stable = 1)
    /\ t_stable' = 0
    /\ held' = 1
    /\ attempts' = 0
    /\ used' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close, t_pong, t_ping >>

\* STABLE: streaming --stable_due--> itself
Step150 ==
    /\ state = "streaming"
    /\ (mode = FREE /\ t_stable = 1) \/ (mode # OUT /\ t_stable = 1 /\ held = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_stable = 1 /\ held = 0)
    /\ held' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* ROTATE: streaming --rotate_due [may_rotate]--> draining
Step151 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT} /\ ~full
    /\ t_stable' = 0
    /\ t_drain' = 1
    /\ leaving' = 1
    /\ state' = "draining"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_retry, t_close, t_pong, t_ping >>

\* PONG: streaming --timed_out [no_retry]--> failed
Step152 ==
    /\ state = "streaming"
    /\ (mode # OUT /\ t_pong = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close >>

\* PONG: streaming --timed_out--> reconnecting
Step153 ==
    /\ state = "streaming"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PONG: streaming --timed_out--> reconnecting
Step154 ==
    /\ state = "streaming"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_pong = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PONG: streaming --timed_out--> reconnecting
Step155 ==
    /\ state = "streaming"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PONG: streaming --timed_out--> reconnecting
Step156 ==
    /\ state = "streaming"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_pong = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* SEND: streaming --timed_out [no_retry]--> failed
Step157 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT}
    /\ t_stable' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close >>

\* SEND: streaming --timed_out--> reconnecting
Step158 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* SEND: streaming --timed_out--> reconnecting
Step159 ==
    /\ state = "streaming"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* SEND: streaming --timed_out--> reconnecting
Step160 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* SEND: streaming --timed_out--> reconnecting
Step161 ==
    /\ state = "streaming"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* STALL: streaming --timed_out [no_retry]--> failed
Step162 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT}
    /\ t_stable' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close >>

\* STALL: streaming --timed_out--> reconnecting
Step163 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* STALL: streaming --timed_out--> reconnecting
Step164 ==
    /\ state = "streaming"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* STALL: streaming --timed_out--> reconnecting
Step165 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* STALL: streaming --timed_out--> reconnecting
Step166 ==
    /\ state = "streaming"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PROOF: streaming --timed_out [no_retry]--> failed
Step167 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT}
    /\ t_stable' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_retry, t_close >>

\* PROOF: streaming --timed_out--> reconnecting
Step168 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PROOF: streaming --timed_out--> reconnecting
Step169 ==
    /\ state = "streaming"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PROOF: streaming --timed_out--> reconnecting
Step170 ==
    /\ state = "streaming"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PROOF: streaming --timed_out--> reconnecting
Step171 ==
    /\ state = "streaming"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_stable' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_drain, t_close >>

\* PING: streaming --ping_due--> itself
Step172 ==
    /\ state = "streaming"
    /\ (mode = FREE) \/ (mode # OUT /\ t_pong = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 0)
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* abort_requested: draining --abort_requested--> closed
Step173 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* network_restored: draining --network_restored--> itself
Step174 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_ping' = 1
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* stop_requested: draining --stop_requested [line_usable]--> finishing
Step175 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2 /\ stop = 1
    /\ asked' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ leaving' = 0
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_pong, t_ping >>

\* stop_requested: draining --stop_requested [line_usable]--> finishing
Step176 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2 /\ stop = 0
    /\ asked' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ stop' = 1
    /\ t_finish' = 1
    /\ leaving' = 0
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, attempts, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_pong, t_ping >>

\* stop_requested: draining --stop_requested--> itself
Step177 ==
    /\ state = "draining"
    /\ mode = FREE /\ stop = 1
    /\ asked' = 1
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: draining --stop_requested--> itself
Step178 ==
    /\ state = "draining"
    /\ mode = FREE /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_lost: draining --socket_lost [nothing_left]--> closed
Step179 ==
    /\ state = "draining"
    /\ mode = FREE /\ stop = 1
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* socket_lost: draining --socket_lost [no_retry]--> failed
Step180 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* socket_lost: draining --socket_lost [renews_with_credential]--> authorizing
Step181 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ provider = 1
    /\ sockets' = 0
    /\ t_auth' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ requests' = 1
    /\ wanted' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, refused, used, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* socket_lost: draining --socket_lost [renews]--> connecting
Step182 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ zone = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* socket_lost: draining --socket_lost [renews]--> connecting
Step183 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ zone = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* socket_lost: draining --socket_lost [renews]--> connecting
Step184 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ zone # 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ passes' = passes + 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* socket_lost: draining --socket_lost--> reconnecting
Step185 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* socket_lost: draining --socket_lost--> reconnecting
Step186 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* socket_lost: draining --socket_lost--> reconnecting
Step187 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* socket_lost: draining --socket_lost--> reconnecting
Step188 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* socket_lost: draining --socket_lost--> reconnecting
Step189 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* socket_lost: draining --socket_lost--> reconnecting
Step190 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* socket_lost: draining --socket_lost--> reconnecting
Step191 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* socket_lost: draining --socket_lost--> reconnecting
Step192 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused [nothing_left]--> closed
Step193 ==
    /\ state = "draining"
    /\ mode = FREE /\ stop = 1
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* refused: draining --refused [no_retry]--> failed
Step194 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* refused: draining --refused [renews_with_credential]--> authorizing
Step195 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ provider = 1
    /\ t_pong' = 0
    /\ t_auth' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ requests' = 1
    /\ wanted' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, refused, used, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* refused: draining --refused [renews]--> connecting
Step196 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ zone = 0
    /\ t_pong' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* refused: draining --refused [renews]--> connecting
Step197 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ zone = 0
    /\ t_pong' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* refused: draining --refused [renews]--> connecting
Step198 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ held = 1 /\ zone # 0
    /\ t_pong' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ passes' = passes + 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* refused: draining --refused--> reconnecting
Step199 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused--> reconnecting
Step200 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused--> reconnecting
Step201 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused--> reconnecting
Step202 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused--> reconnecting
Step203 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused--> reconnecting
Step204 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused--> reconnecting
Step205 ==
    /\ state = "draining"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* refused: draining --refused--> reconnecting
Step206 ==
    /\ state = "draining"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* acked: draining --acked--> itself
Step207 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* status: draining --status--> itself
Step208 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* backend_error: draining --backend_error--> itself
Step209 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* transcript: draining --transcript--> itself
Step210 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* transcript: draining --transcript--> itself
Step211 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* transcript: draining --transcript--> itself
Step212 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* transcript: draining --transcript--> itself
Step213 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* proved: draining --proved--> itself
Step214 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* proved: draining --proved--> itself
Step215 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* proved: draining --proved--> itself
Step216 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* proved: draining --proved--> itself
Step217 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* ignored: draining --ignored--> itself
Step218 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* ignored: draining --ignored--> itself
Step219 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* ignored: draining --ignored--> itself
Step220 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* ignored: draining --ignored--> itself
Step221 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* metrics: draining --metrics--> itself
Step222 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* metrics: draining --metrics--> itself
Step223 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* metrics: draining --metrics--> itself
Step224 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* metrics: draining --metrics--> itself
Step225 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* insight: draining --insight--> itself
Step226 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* expiring: draining --expiring--> itself
Step227 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* final_message: draining --final_message [awaits_final]--> itself
Step228 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 2
    /\ t_drain' = 0
    /\ t_close' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* final_message: draining --final_message [awaits_final]--> itself
Step229 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ t_ping' = 0
    /\ leaving' = 2
    /\ t_drain' = 0
    /\ t_close' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* final_message: draining --final_message [stop_sent]--> itself
Step230 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving = 2
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* final_message: draining --final_message [stop_sent]--> itself
Step231 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving = 2
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* final_message: no row
Step232 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* pong: draining --pong--> itself
Step233 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* pong: draining --pong--> itself
Step234 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* pong: draining --pong--> itself
Step235 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* pong: draining --pong--> itself
Step236 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_ping >>

\* FINISH: draining --finish_due [all_delivered]--> closed
Step237 ==
    /\ state = "draining"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* FINISH: draining --finish_due--> failed
Step238 ==
    /\ state = "draining"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* SOURCE: draining --stop_requested [line_usable]--> finishing
Step239 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ stop = 0 /\ leaving # 2
    /\ asked' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ stop' = 1
    /\ t_finish' = 1
    /\ leaving' = 0
    /\ state' = "finishing"
    /\ UNCHANGED << mode, provider, attempts, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_pong, t_ping >>

\* SOURCE: draining --stop_requested--> itself
Step240 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* DRAIN: draining --drain_due--> itself
Step241 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_drain = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_drain = 1)
    /\ t_drain' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 2
    /\ t_close' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* DRAIN: draining --drain_due--> itself
Step242 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_drain = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_drain = 1)
    /\ t_drain' = 0
    /\ attempts' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 2
    /\ t_close' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* CLOSE: draining --timed_out [nothing_left]--> closed
Step243 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ stop = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ stop = 1)
    /\ t_close' = 0
    /\ t_drain' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* CLOSE: draining --timed_out [no_retry]--> failed
Step244 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1)
    /\ t_close' = 0
    /\ t_drain' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* CLOSE: draining --timed_out [renews_with_credential]--> authorizing
Step245 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ held = 1 /\ provider = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ held = 1 /\ provider = 1)
    /\ t_close' = 0
    /\ t_auth' = 1
    /\ t_drain' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ requests' = 1
    /\ wanted' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, refused, used, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* CLOSE: draining --timed_out [renews]--> connecting
Step246 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ held = 1 /\ zone = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ held = 1 /\ zone = 0)
    /\ t_close' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* CLOSE: draining --timed_out [renews]--> connecting
Step247 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ held = 1 /\ zone = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ held = 1 /\ zone = 0)
    /\ t_close' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* CLOSE: draining --timed_out [renews]--> connecting
Step248 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ held = 1 /\ zone # 0) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ held = 1 /\ zone # 0)
    /\ t_close' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ passes' = passes + 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* CLOSE: draining --timed_out--> reconnecting
Step249 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ ~spent)
    /\ t_close' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* CLOSE: draining --timed_out--> reconnecting
Step250 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_close = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ full /\ ~spent)
    /\ t_close' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* CLOSE: draining --timed_out--> reconnecting
Step251 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ ~spent)
    /\ t_close' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* CLOSE: draining --timed_out--> reconnecting
Step252 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_close = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_close = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_close = 1 /\ full /\ ~spent)
    /\ t_close' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PONG: draining --timed_out [nothing_left]--> closed
Step253 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ stop = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ stop = 1)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* PONG: draining --timed_out [no_retry]--> failed
Step254 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* PONG: draining --timed_out [renews_with_credential]--> authorizing
Step255 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ held = 1 /\ provider = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ held = 1 /\ provider = 1)
    /\ t_pong' = 0
    /\ t_auth' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ requests' = 1
    /\ wanted' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, refused, used, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* PONG: draining --timed_out [renews]--> connecting
Step256 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ held = 1 /\ zone = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ held = 1 /\ zone = 0)
    /\ t_pong' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* PONG: draining --timed_out [renews]--> connecting
Step257 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ held = 1 /\ zone = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ held = 1 /\ zone = 0)
    /\ t_pong' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* PONG: draining --timed_out [renews]--> connecting
Step258 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ held = 1 /\ zone # 0) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ held = 1 /\ zone # 0)
    /\ t_pong' = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ passes' = passes + 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* PONG: draining --timed_out--> reconnecting
Step259 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PONG: draining --timed_out--> reconnecting
Step260 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_pong = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PONG: draining --timed_out--> reconnecting
Step261 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PONG: draining --timed_out--> reconnecting
Step262 ==
    /\ state = "draining"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_pong = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* SEND: draining --timed_out [nothing_left]--> closed
Step263 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ stop = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* SEND: draining --timed_out [no_retry]--> failed
Step264 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT}
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* SEND: draining --timed_out [renews_with_credential]--> authorizing
Step265 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ provider = 1
    /\ t_auth' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ requests' = 1
    /\ wanted' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, refused, used, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* SEND: draining --timed_out [renews]--> connecting
Step266 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ zone = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* SEND: draining --timed_out [renews]--> connecting
Step267 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ zone = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* SEND: draining --timed_out [renews]--> connecting
Step268 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ zone # 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ passes' = passes + 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* SEND: draining --timed_out--> reconnecting
Step269 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* SEND: draining --timed_out--> reconnecting
Step270 ==
    /\ state = "draining"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* SEND: draining --timed_out--> reconnecting
Step271 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* SEND: draining --timed_out--> reconnecting
Step272 ==
    /\ state = "draining"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* STALL: draining --timed_out [nothing_left]--> closed
Step273 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ stop = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* STALL: draining --timed_out [no_retry]--> failed
Step274 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT}
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* STALL: draining --timed_out [renews_with_credential]--> authorizing
Step275 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ provider = 1
    /\ t_auth' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ requests' = 1
    /\ wanted' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, refused, used, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* STALL: draining --timed_out [renews]--> connecting
Step276 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ zone = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* STALL: draining --timed_out [renews]--> connecting
Step277 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ zone = 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ zone' = 1
    /\ passes' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* STALL: draining --timed_out [renews]--> connecting
Step278 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ held = 1 /\ zone # 0
    /\ t_connect' = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ held' = 0
    /\ passes' = passes + 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_retry >>

\* STALL: draining --timed_out--> reconnecting
Step279 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* STALL: draining --timed_out--> reconnecting
Step280 ==
    /\ state = "draining"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* STALL: draining --timed_out--> reconnecting
Step281 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* STALL: draining --timed_out--> reconnecting
Step282 ==
    /\ state = "draining"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PROOF: draining --timed_out [nothing_left]--> closed
Step283 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ stop = 1
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* PROOF: draining --timed_out [no_retry]--> failed
Step284 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT}
    /\ t_drain' = 0
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry >>

\* PROOF: draining --timed_out--> reconnecting
Step285 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PROOF: draining --timed_out--> reconnecting
Step286 ==
    /\ state = "draining"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PROOF: draining --timed_out--> reconnecting
Step287 ==
    /\ state = "draining"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PROOF: draining --timed_out--> reconnecting
Step288 ==
    /\ state = "draining"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ t_drain' = 0
    /\ t_retry' = 1
    /\ t_close' = 0
    /\ gated' = 1
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ leaving' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable >>

\* PING: draining --ping_due--> itself
Step289 ==
    /\ state = "draining"
    /\ (mode = FREE /\ t_ping = 1) \/ (mode # OUT /\ t_ping = 1 /\ t_pong = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_ping = 1 /\ t_pong = 0)
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* abort_requested: reconnecting --abort_requested--> closed
Step290 ==
    /\ state = "reconnecting"
    /\ mode = FREE
    /\ t_retry' = 0
    /\ gated' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* network_restored: reconnecting --network_restored [network_hint_applies]--> itself
Step291 ==
    /\ state = "reconnecting"
    /\ mode = FREE /\ ~full
    /\ gated' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* network_restored: reconnecting --network_restored [network_hint_applies]--> itself
Step292 ==
    /\ state = "reconnecting"
    /\ (mode = FREE /\ ~full /\ zone # 0) \/ (mode = FREE /\ full)
    /\ gated' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: reconnecting --stop_requested [all_delivered]--> closed
Step293 ==
    /\ state = "reconnecting"
    /\ mode = FREE
    /\ asked' = 1
    /\ t_retry' = 0
    /\ gated' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* stop_requested: reconnecting --stop_requested [retry_too_late]--> failed
Step294 ==
    /\ state = "reconnecting"
    /\ mode = FREE /\ stop = 1
    /\ asked' = 1
    /\ t_retry' = 0
    /\ gated' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* stop_requested: reconnecting --stop_requested [retry_too_late]--> failed
Step295 ==
    /\ state = "reconnecting"
    /\ mode = FREE /\ stop = 0
    /\ asked' = 1
    /\ t_retry' = 0
    /\ gated' = 0
    /\ stop' = 1
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* stop_requested: reconnecting --stop_requested--> itself
Step296 ==
    /\ state = "reconnecting"
    /\ mode = FREE /\ ~full /\ stop = 1
    /\ asked' = 1
    /\ gated' = 0
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: reconnecting --stop_requested--> itself
Step297 ==
    /\ state = "reconnecting"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ stop = 1) \/ (mode = FREE /\ full /\ stop = 1)
    /\ asked' = 1
    /\ gated' = 1
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: reconnecting --stop_requested--> itself
Step298 ==
    /\ state = "reconnecting"
    /\ mode = FREE /\ ~full /\ stop = 0
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ gated' = 0
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* stop_requested: reconnecting --stop_requested--> itself
Step299 ==
    /\ state = "reconnecting"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ stop = 0) \/ (mode = FREE /\ full /\ stop = 0)
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ gated' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: reconnecting --stop_requested [all_delivered]--> closed
Step300 ==
    /\ state = "reconnecting"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ t_retry' = 0
    /\ gated' = 0
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* SOURCE: reconnecting --stop_requested [retry_too_late]--> failed
Step301 ==
    /\ state = "reconnecting"
    /\ mode \in {FREE, SILENT} /\ stop = 0
    /\ asked' = 1
    /\ t_retry' = 0
    /\ gated' = 0
    /\ stop' = 1
    /\ t_finish' = 0
    /\ t_give_up' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* SOURCE: reconnecting --stop_requested--> itself
Step302 ==
    /\ state = "reconnecting"
    /\ mode \in {FREE, SILENT} /\ stop = 0 /\ ~full
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ gated' = 0
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* SOURCE: reconnecting --stop_requested--> itself
Step303 ==
    /\ state = "reconnecting"
    /\ (mode \in {FREE, SILENT} /\ stop = 0 /\ ~full /\ zone # 0) \/ (mode \in {FREE, SILENT} /\ stop = 0 /\ full)
    /\ asked' = 1
    /\ stop' = 1
    /\ t_finish' = 1
    /\ gated' = 1
    /\ UNCHANGED << state, mode, provider, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* RETRY: reconnecting --retry_due [needs_credential]--> authorizing
Step304 ==
    /\ state = "reconnecting"
    /\ gated = 0 /\ provider = 1 /\ wanted = 0
    /\ t_retry' = 0
    /\ t_auth' = 1
    /\ requests' = 1
    /\ wanted' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* RETRY: reconnecting --retry_due [needs_credential]--> authorizing
Step305 ==
    /\ state = "reconnecting"
    /\ gated = 0 /\ wanted = 1 /\ zone = 0
    /\ t_retry' = 0
    /\ t_auth' = 1
    /\ requests' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* RETRY: reconnecting --retry_due [needs_credential]--> authorizing
Step306 ==
    /\ state = "reconnecting"
    /\ gated = 0 /\ wanted = 1 /\ zone = 0
    /\ t_retry' = 0
    /\ t_auth' = 1
    /\ zone' = 1
    /\ passes' = 1
    /\ requests' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* RETRY: reconnecting --retry_due [needs_credential]--> authorizing
Step307 ==
    /\ state = "reconnecting"
    /\ gated = 0 /\ zone # 0 /\ wanted = 1
    /\ t_retry' = 0
    /\ t_auth' = 1
    /\ passes' = passes + 1
    /\ requests' = 1
    /\ state' = "authorizing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, held, leaving, wanted, refused, used, sockets, t_finish, t_give_up, t_connect, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* RETRY: reconnecting --retry_due--> connecting
Step308 ==
    /\ state = "reconnecting"
    /\ gated = 0 /\ wanted = 0 /\ zone = 0
    /\ t_retry' = 0
    /\ t_connect' = 1
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* RETRY: reconnecting --retry_due--> connecting
Step309 ==
    /\ state = "reconnecting"
    /\ gated = 0 /\ wanted = 0 /\ zone = 0
    /\ t_retry' = 0
    /\ t_connect' = 1
    /\ zone' = 1
    /\ passes' = 1
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* RETRY: reconnecting --retry_due--> connecting
Step310 ==
    /\ state = "reconnecting"
    /\ gated = 0 /\ zone # 0 /\ wanted = 0
    /\ t_retry' = 0
    /\ t_connect' = 1
    /\ passes' = passes + 1
    /\ sockets' = 1
    /\ state' = "connecting"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_settle, t_ack, t_stable, t_drain, t_close, t_pong, t_ping >>

\* abort_requested: finishing --abort_requested--> closed
Step311 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* network_restored: finishing --network_restored--> itself
Step312 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_ping' = 1
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* stop_requested: finishing --stop_requested--> itself
Step313 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ asked' = 1
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_lost: finishing --socket_lost [all_delivered]--> closed
Step314 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* socket_lost: finishing --socket_lost [no_retry]--> failed
Step315 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step316 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step317 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step318 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step319 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step320 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step321 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step322 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* socket_lost: finishing --socket_lost--> reconnecting
Step323 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused [all_delivered]--> closed
Step324 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* refused: finishing --refused [no_retry]--> failed
Step325 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* refused: finishing --refused--> reconnecting
Step326 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused--> reconnecting
Step327 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused--> reconnecting
Step328 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ ~spent
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused--> reconnecting
Step329 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = FREE /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused--> reconnecting
Step330 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused--> reconnecting
Step331 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused--> reconnecting
Step332 ==
    /\ state = "finishing"
    /\ mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* refused: finishing --refused--> reconnecting
Step333 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ ~full /\ provider = 1 /\ used = 0 /\ ~spent /\ zone # 0) \/ (mode = FREE /\ full /\ provider = 1 /\ used = 0 /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ wanted' = 1
    /\ refused' = 1
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* acked: finishing --acked--> itself
Step334 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* status: finishing --status--> itself
Step335 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* backend_error: finishing --backend_error--> itself
Step336 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* transcript: finishing --transcript--> itself
Step337 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* transcript: finishing --transcript--> itself
Step338 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* proved: finishing --proved--> itself
Step339 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* proved: finishing --proved--> itself
Step340 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* ignored: finishing --ignored--> itself
Step341 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* ignored: finishing --ignored--> itself
Step342 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* metrics: finishing --metrics--> itself
Step343 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* metrics: finishing --metrics--> itself
Step344 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* insight: finishing --insight--> itself
Step345 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* expiring: finishing --expiring--> itself
Step346 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* final_message: finishing --final_message [stop_sent]--> closing
Step347 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ t_close' = 1
    /\ state' = "closing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry >>

\* final_message: finishing --final_message [stop_sent]--> closing
Step348 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ t_close' = 1
    /\ state' = "closing"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry >>

\* final_message: no row
Step349 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* pong: finishing --pong--> itself
Step350 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* pong: finishing --pong--> itself
Step351 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* FINISH: finishing --finish_due [all_delivered]--> closed
Step352 ==
    /\ state = "finishing"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* FINISH: finishing --finish_due--> failed
Step353 ==
    /\ state = "finishing"
    /\ t_finish = 1
    /\ t_finish' = 0
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* PONG: finishing --timed_out [all_delivered]--> closed
Step354 ==
    /\ state = "finishing"
    /\ (mode # OUT /\ t_pong = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* PONG: finishing --timed_out [no_retry]--> failed
Step355 ==
    /\ state = "finishing"
    /\ (mode # OUT /\ t_pong = 1) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* PONG: finishing --timed_out--> reconnecting
Step356 ==
    /\ state = "finishing"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PONG: finishing --timed_out--> reconnecting
Step357 ==
    /\ state = "finishing"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_pong = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PONG: finishing --timed_out--> reconnecting
Step358 ==
    /\ state = "finishing"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PONG: finishing --timed_out--> reconnecting
Step359 ==
    /\ state = "finishing"
    /\ (mode # OUT /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode # OUT /\ t_pong = 1 /\ full /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ ~full /\ zone # 0 /\ ~spent) \/ (mode = OUT /\ t_finish = 0 /\ t_pong = 1 /\ full /\ ~spent)
    /\ t_pong' = 0
    /\ sockets' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* SEND: finishing --timed_out [all_delivered]--> closed
Step360 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* SEND: finishing --timed_out [no_retry]--> failed
Step361 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* SEND: finishing --timed_out--> reconnecting
Step362 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* SEND: finishing --timed_out--> reconnecting
Step363 ==
    /\ state = "finishing"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* SEND: finishing --timed_out--> reconnecting
Step364 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* SEND: finishing --timed_out--> reconnecting
Step365 ==
    /\ state = "finishing"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* STALL: finishing --timed_out [all_delivered]--> closed
Step366 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* STALL: finishing --timed_out [no_retry]--> failed
Step367 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* STALL: finishing --timed_out--> reconnecting
Step368 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* STALL: finishing --timed_out--> reconnecting
Step369 ==
    /\ state = "finishing"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* STALL: finishing --timed_out--> reconnecting
Step370 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* STALL: finishing --timed_out--> reconnecting
Step371 ==
    /\ state = "finishing"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PROOF: finishing --timed_out [all_delivered]--> closed
Step372 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* PROOF: finishing --timed_out [no_retry]--> failed
Step373 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ sockets' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ state' = "failed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* PROOF: finishing --timed_out--> reconnecting
Step374 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PROOF: finishing --timed_out--> reconnecting
Step375 ==
    /\ state = "finishing"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PROOF: finishing --timed_out--> reconnecting
Step376 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT} /\ ~full /\ ~spent
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PROOF: finishing --timed_out--> reconnecting
Step377 ==
    /\ state = "finishing"
    /\ (mode \in {FREE, SILENT} /\ ~full /\ zone # 0 /\ ~spent) \/ (mode \in {FREE, SILENT} /\ full /\ ~spent)
    /\ sockets' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ attempts' = attempts + 1
    /\ held' = 0
    /\ t_give_up' = 1
    /\ t_retry' = 1
    /\ gated' = 1
    /\ state' = "reconnecting"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, leaving, wanted, refused, used, requests, t_finish, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_close >>

\* PING: finishing --ping_due--> itself
Step378 ==
    /\ state = "finishing"
    /\ (mode = FREE /\ t_ping = 1) \/ (mode # OUT /\ t_ping = 1 /\ t_pong = 0) \/ (mode = OUT /\ t_finish = 0 /\ t_ping = 1 /\ t_pong = 0)
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* QUIET: finishing --quiet_due--> closing
Step379 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ t_close' = 1
    /\ state' = "closing"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry >>

\* QUIET: finishing --quiet_due--> closing
Step380 ==
    /\ state = "finishing"
    /\ mode \in {FREE, SILENT}
    /\ attempts' = 0
    /\ t_finish' = 0
    /\ t_pong' = 0
    /\ t_ping' = 0
    /\ t_close' = 1
    /\ state' = "closing"
    /\ UNCHANGED << mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry >>

\* abort_requested: closing --abort_requested--> closed
Step381 ==
    /\ state = "closing"
    /\ mode = FREE
    /\ t_close' = 0
    /\ sockets' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_pong, t_ping >>

\* stop_requested: closing --stop_requested--> itself
Step382 ==
    /\ state = "closing"
    /\ mode = FREE
    /\ asked' = 1
    /\ UNCHANGED << state, mode, provider, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* socket_lost: closing --socket_lost--> closed
Step383 ==
    /\ state = "closing"
    /\ mode = FREE
    /\ sockets' = 0
    /\ t_close' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_pong, t_ping >>

\* transcript: closing --transcript--> itself
Step384 ==
    /\ state = "closing"
    /\ mode = FREE
    /\ attempts' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* CLOSE: closing --timed_out--> closed
Step385 ==
    /\ state = "closing"
    /\ (mode # OUT) \/ (mode = OUT)
    /\ t_close' = 0
    /\ sockets' = 0
    /\ state' = "closed"
    /\ UNCHANGED << mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_pong, t_ping >>

\* time passes: no row
Step386 ==
    /\ state = "authorizing"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step387 ==
    /\ state = "authorizing"
    /\ zone = 2
    /\ zone' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step388 ==
    /\ state = "connecting"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step389 ==
    /\ state = "connecting"
    /\ zone = 2
    /\ zone' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step390 ==
    /\ state = "awaiting_ack"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step391 ==
    /\ state = "awaiting_ack"
    /\ zone = 2
    /\ zone' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step392 ==
    /\ state = "streaming"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step393 ==
    /\ state = "streaming"
    /\ zone = 2
    /\ zone' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step394 ==
    /\ state = "draining"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step395 ==
    /\ state = "draining"
    /\ zone = 2
    /\ zone' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step396 ==
    /\ state = "reconnecting"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step397 ==
    /\ state = "reconnecting"
    /\ zone = 2
    /\ zone' = 0
    /\ gated' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step398 ==
    /\ state = "finishing"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step399 ==
    /\ state = "finishing"
    /\ zone = 2
    /\ zone' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step400 ==
    /\ state = "closing"
    /\ zone = 1
    /\ zone' = 2
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* time passes: no row
Step401 ==
    /\ state = "closing"
    /\ zone = 2
    /\ zone' = 0
    /\ passes' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* a message without an event: no row
Step402 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* a message without an event: no row
Step403 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* a message without an event: no row
Step404 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_pong' = 0
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* a ping goes out: no row
Step405 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_ping >>

\* a ping goes out: no row
Step406 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ t_ping' = 1
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* a ping goes out: no row
Step407 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ t_ping' = 1
    /\ t_pong' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close >>

\* the sender sees the end of the drain: no row
Step408 ==
    /\ state = "draining"
    /\ mode = FREE /\ leaving # 2
    /\ t_drain' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_retry, t_close, t_pong, t_ping >>

\* a suspension puts the retry off: no row
Step409 ==
    /\ state = "reconnecting"
    /\ mode = FREE /\ zone # 0
    /\ gated' = 1
    /\ UNCHANGED << state, mode, provider, asked, stop, attempts, zone, passes, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step410 ==
    /\ state = "authorizing"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step411 ==
    /\ state = "authorizing"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step412 ==
    /\ state = "authorizing"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step413 ==
    /\ state = "connecting"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step414 ==
    /\ state = "connecting"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step415 ==
    /\ state = "connecting"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step416 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step417 ==
    /\ state = "awaiting_ack"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step418 ==
    /\ state = "awaiting_ack"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step419 ==
    /\ state = "streaming"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step420 ==
    /\ state = "streaming"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step421 ==
    /\ state = "streaming"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step422 ==
    /\ state = "draining"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step423 ==
    /\ state = "draining"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step424 ==
    /\ state = "draining"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step425 ==
    /\ state = "reconnecting"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step426 ==
    /\ state = "reconnecting"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step427 ==
    /\ state = "reconnecting"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step428 ==
    /\ state = "finishing"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step429 ==
    /\ state = "finishing"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step430 ==
    /\ state = "finishing"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* all fall silent: no row
Step431 ==
    /\ state = "closing"
    /\ mode = FREE
    /\ mode' = SILENT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* only some timers run: no row
Step432 ==
    /\ state = "closing"
    /\ mode = SILENT
    /\ mode' = STRICT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

\* the limit is near: no row
Step433 ==
    /\ state = "closing"
    /\ mode = FREE /\ asked = 1
    /\ mode' = OUT
    /\ UNCHANGED << state, provider, asked, stop, attempts, zone, passes, gated, held, leaving, wanted, refused, used, sockets, requests, t_finish, t_give_up, t_auth, t_connect, t_settle, t_ack, t_stable, t_drain, t_retry, t_close, t_pong, t_ping >>

Next ==
    \/ Step0
    \/ Step1
    \/ Step2
    \/ Step3
    \/ Step4
    \/ Step5
    \/ Step6
    \/ Step7
    \/ Step8
    \/ Step9
    \/ Step10
    \/ Step11
    \/ Step12
    \/ Step13
    \/ Step14
    \/ Step15
    \/ Step16
    \/ Step17
    \/ Step18
    \/ Step19
    \/ Step20
    \/ Step21
    \/ Step22
    \/ Step23
    \/ Step24
    \/ Step25
    \/ Step26
    \/ Step27
    \/ Step28
    \/ Step29
    \/ Step30
    \/ Step31
    \/ Step32
    \/ Step33
    \/ Step34
    \/ Step35
    \/ Step36
    \/ Step37
    \/ Step38
    \/ Step39
    \/ Step40
    \/ Step41
    \/ Step42
    \/ Step43
    \/ Step44
    \/ Step45
    \/ Step46
    \/ Step47
    \/ Step48
    \/ Step49
    \/ Step50
    \/ Step51
    \/ Step52
    \/ Step53
    \/ Step54
    \/ Step55
    \/ Step56
    \/ Step57
    \/ Step58
    \/ Step59
    \/ Step60
    \/ Step61
    \/ Step62
    \/ Step63
    \/ Step64
    \/ Step65
    \/ Step66
    \/ Step67
    \/ Step68
    \/ Step69
    \/ Step70
    \/ Step71
    \/ Step72
    \/ Step73
    \/ Step74
    \/ Step75
    \/ Step76
    \/ Step77
    \/ Step78
    \/ Step79
    \/ Step80
    \/ Step81
    \/ Step82
    \/ Step83
    \/ Step84
    \/ Step85
    \/ Step86
    \/ Step87
    \/ Step88
    \/ Step89
    \/ Step90
    \/ Step91
    \/ Step92
    \/ Step93
    \/ Step94
    \/ Step95
    \/ Step96
    \/ Step97
    \/ Step98
    \/ Step99
    \/ Step100
    \/ Step101
    \/ Step102
    \/ Step103
    \/ Step104
    \/ Step105
    \/ Step106
    \/ Step107
    \/ Step108
    \/ Step109
    \/ Step110
    \/ Step111
    \/ Step112
    \/ Step113
    \/ Step114
    \/ Step115
    \/ Step116
    \/ Step117
    \/ Step118
    \/ Step119
    \/ Step120
    \/ Step121
    \/ Step122
    \/ Step123
    \/ Step124
    \/ Step125
    \/ Step126
    \/ Step127
    \/ Step128
    \/ Step129
    \/ Step130
    \/ Step131
    \/ Step132
    \/ Step133
    \/ Step134
    \/ Step135
    \/ Step136
    \/ Step137
    \/ Step138
    \/ Step139
    \/ Step140
    \/ Step141
    \/ Step142
    \/ Step143
    \/ Step144
    \/ Step145
    \/ Step146
    \/ Step147
    \/ Step148
    \/ Step149
    \/ Step150
    \/ Step151
    \/ Step152
    \/ Step153
    \/ Step154
    \/ Step155
    \/ Step156
    \/ Step157
    \/ Step158
    \/ Step159
    \/ Step160
    \/ Step161
    \/ Step162
    \/ Step163
    \/ Step164
    \/ Step165
    \/ Step166
    \/ Step167
    \/ Step168
    \/ Step169
    \/ Step170
    \/ Step171
    \/ Step172
    \/ Step173
    \/ Step174
    \/ Step175
    \/ Step176
    \/ Step177
    \/ Step178
    \/ Step179
    \/ Step180
    \/ Step181
    \/ Step182
    \/ Step183
    \/ Step184
    \/ Step185
    \/ Step186
    \/ Step187
    \/ Step188
    \/ Step189
    \/ Step190
    \/ Step191
    \/ Step192
    \/ Step193
    \/ Step194
    \/ Step195
    \/ Step196
    \/ Step197
    \/ Step198
    \/ Step199
    \/ Step200
    \/ Step201
    \/ Step202
    \/ Step203
    \/ Step204
    \/ Step205
    \/ Step206
    \/ Step207
    \/ Step208
    \/ Step209
    \/ Step210
    \/ Step211
    \/ Step212
    \/ Step213
    \/ Step214
    \/ Step215
    \/ Step216
    \/ Step217
    \/ Step218
    \/ Step219
    \/ Step220
    \/ Step221
    \/ Step222
    \/ Step223
    \/ Step224
    \/ Step225
    \/ Step226
    \/ Step227
    \/ Step228
    \/ Step229
    \/ Step230
    \/ Step231
    \/ Step232
    \/ Step233
    \/ Step234
    \/ Step235
    \/ Step236
    \/ Step237
    \/ Step238
    \/ Step239
    \/ Step240
    \/ Step241
    \/ Step242
    \/ Step243
    \/ Step244
    \/ Step245
    \/ Step246
    \/ Step247
    \/ Step248
    \/ Step249
    \/ Step250
    \/ Step251
    \/ Step252
    \/ Step253
    \/ Step254
    \/ Step255
    \/ Step256
    \/ Step257
    \/ Step258
    \/ Step259
    \/ Step260
    \/ Step261
    \/ Step262
    \/ Step263
    \/ Step264
    \/ Step265
    \/ Step266
    \/ Step267
    \/ Step268
    \/ Step269
    \/ Step270
    \/ Step271
    \/ Step272
    \/ Step273
    \/ Step274
    \/ Step275
    \/ Step276
    \/ Step277
    \/ Step278
    \/ Step279
    \/ Step280
    \/ Step281
    \/ Step282
    \/ Step283
    \/ Step284
    \/ Step285
    \/ Step286
    \/ Step287
    \/ Step288
    \/ Step289
    \/ Step290
    \/ Step291
    \/ Step292
    \/ Step293
    \/ Step294
    \/ Step295
    \/ Step296
    \/ Step297
    \/ Step298
    \/ Step299
    \/ Step300
    \/ Step301
    \/ Step302
    \/ Step303
    \/ Step304
    \/ Step305
    \/ Step306
    \/ Step307
    \/ Step308
    \/ Step309
    \/ Step310
    \/ Step311
    \/ Step312
    \/ Step313
    \/ Step314
    \/ Step315
    \/ Step316
    \/ Step317
    \/ Step318
    \/ Step319
    \/ Step320
    \/ Step321
    \/ Step322
    \/ Step323
    \/ Step324
    \/ Step325
    \/ Step326
    \/ Step327
    \/ Step328
    \/ Step329
    \/ Step330
    \/ Step331
    \/ Step332
    \/ Step333
    \/ Step334
    \/ Step335
    \/ Step336
    \/ Step337
    \/ Step338
    \/ Step339
    \/ Step340
    \/ Step341
    \/ Step342
    \/ Step343
    \/ Step344
    \/ Step345
    \/ Step346
    \/ Step347
    \/ Step348
    \/ Step349
    \/ Step350
    \/ Step351
    \/ Step352
    \/ Step353
    \/ Step354
    \/ Step355
    \/ Step356
    \/ Step357
    \/ Step358
    \/ Step359
    \/ Step360
    \/ Step361
    \/ Step362
    \/ Step363
    \/ Step364
    \/ Step365
    \/ Step366
    \/ Step367
    \/ Step368
    \/ Step369
    \/ Step370
    \/ Step371
    \/ Step372
    \/ Step373
    \/ Step374
    \/ Step375
    \/ Step376
    \/ Step377
    \/ Step378
    \/ Step379
    \/ Step380
    \/ Step381
    \/ Step382
    \/ Step383
    \/ Step384
    \/ Step385
    \/ Step386
    \/ Step387
    \/ Step388
    \/ Step389
    \/ Step390
    \/ Step391
    \/ Step392
    \/ Step393
    \/ Step394
    \/ Step395
    \/ Step396
    \/ Step397
    \/ Step398
    \/ Step399
    \/ Step400
    \/ Step401
    \/ Step402
    \/ Step403
    \/ Step404
    \/ Step405
    \/ Step406
    \/ Step407
    \/ Step408
    \/ Step409
    \/ Step410
    \/ Step411
    \/ Step412
    \/ Step413
    \/ Step414
    \/ Step415
    \/ Step416
    \/ Step417
    \/ Step418
    \/ Step419
    \/ Step420
    \/ Step421
    \/ Step422
    \/ Step423
    \/ Step424
    \/ Step425
    \/ Step426
    \/ Step427
    \/ Step428
    \/ Step429
    \/ Step430
    \/ Step431
    \/ Step432
    \/ Step433

Quiet == mode # FREE /\ Next

Spec == Init /\ [][Next]_vars /\ WF_vars(Quiet)

\* dials: no minute has more passes of the gate than its limit
Law1 == ~(flood)

\* one socket: no dial goes out while another one has a socket
Law2 == ~(sockets = 2)

\* one request: one credential is asked for at a time
Law3 == ~(requests = 2)

\* nothing left open: a final state has no socket and no request
Law4 == ~((state \in {"closed", "failed"} /\ sockets # 0) \/ (state \in {"closed", "failed"} /\ requests # 0))

\* timers: a timer runs only in its states
Law5 == ~((state \in {"closed", "closing", "failed", "idle", "streaming"} /\ t_finish = 1) \/ (state \in {"closed", "closing", "draining", "failed", "finishing", "idle", "streaming"} /\ t_give_up = 1) \/ (state # "authorizing" /\ t_auth = 1) \/ (state # "connecting" /\ t_connect = 1) \/ (state # "awaiting_ack" /\ t_settle = 1) \/ (state # "awaiting_ack" /\ t_ack = 1) \/ (state # "streaming" /\ t_stable = 1) \/ (state # "draining" /\ t_drain = 1) \/ (state # "reconnecting" /\ t_retry = 1) \/ (state \in {"authorizing", "awaiting_ack", "closed", "connecting", "failed", "finishing", "idle", "reconnecting", "streaming"} /\ t_close = 1) \/ (state \in {"authorizing", "awaiting_ack", "closed", "closing", "connecting", "failed", "idle", "reconnecting"} /\ t_pong = 1) \/ (state \in {"authorizing", "awaiting_ack", "closed", "closing", "connecting", "failed", "idle", "reconnecting"} /\ t_ping = 1))

\* attempts: no more retries without progress than the policy has
Law6 == ~(beyond)

\* stopped: a stopped session does not stream
Law7 == ~(stop = 1 /\ state = "streaming")

\* one fresh credential: one is asked for since the line was stable
Law8 == ~(refused = 1 /\ used = 1)

\* the limit: a stopped session has a limit until it closes
Law9 == ~(asked = 1 /\ t_finish = 0 /\ state \in {"authorizing", "awaiting_ack", "connecting", "draining", "finishing", "reconnecting", "streaming"})

Laws == Law1 /\ Law2 /\ Law3 /\ Law4 /\ Law5 /\ Law6 /\ Law7 /\ Law8 /\ Law9

\* silence always ends
Silence == (mode = SILENT \/ mode = STRICT) ~> over

\* a stop reaches a final state from everywhere
Stopping == (mode = OUT) ~> over

=============================================================================
