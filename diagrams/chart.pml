/* openline: the session's chart, timers, gate and verdicts, for spin.
 * Made from the table that the machine runs; do not edit.
 *     spin -a -DATTEMPTS=1 chart.pml && gcc -DSAFETY -DNOCLAIM -o pan pan.c && ./pan
 */
#ifndef ATTEMPTS
#define ATTEMPTS 3
#endif
#define DIALS 15
#define FREE 0
#define SILENT 1
#define STRICT 2
#define OUT 3
#define IDLE 0
#define AUTHORIZING 1
#define CONNECTING 2
#define AWAITING_ACK 3
#define STREAMING 4
#define DRAINING 5
#define RECONNECTING 6
#define FINISHING 7
#define CLOSING 8
#define CLOSED 9
#define FAILED 10

byte state = IDLE; /* the state of the chart */
byte mode = FREE; /* who still acts: all, timers, kept timers, the limit */
bit provider = 0; /* there is a provider for credentials */
bit asked = 0; /* the app, or its last source, has asked for the stop */
bit stop = 0; /* the session is to stop */
byte attempts = 0; /* retries since there was progress */
byte zone = 0; /* how long the witness is ago */
byte passes = 0; /* passes of the gate since the witness, and it */
bit gated = 0; /* the planned dial waits until the witness is older than the gate's span */
bit held = 0; /* the line held for as long as a stable one */
byte leaving = 0; /* a replaced dial: 0 none, 1 drains, 2 closes */
bit wanted = 0; /* a credential is to be asked for before the next dial */
bit refused = 0; /* the last credential was refused */
bit used = 0; /* the one fresh credential since the line was stable is used */
byte sockets = 0; /* sockets that are open or being opened */
byte requests = 0; /* requests for a credential under way */
bit t_finish = 0; /* FINISH runs */
bit t_give_up = 0; /* GIVE_UP runs */
bit t_auth = 0; /* AUTH runs */
bit t_connect = 0; /* CONNECT runs */
bit t_settle = 0; /* SETTLE runs */
bit t_ack = 0; /* ACK runs */
bit t_stable = 0; /* STABLE runs */
bit t_drain = 0; /* DRAIN runs */
bit t_retry = 0; /* RETRY runs */
bit t_close = 0; /* CLOSE runs */
bit t_pong = 0; /* PONG runs */
bit t_ping = 0; /* PING runs */

#define full (zone != 0 && passes >= DIALS)
#define spent (attempts >= ATTEMPTS)
#define flood (zone == 1 && passes > DIALS)
#define beyond (attempts > ATTEMPTS)
#define over (state == CLOSED || state == FAILED)

#define LAW_1 (!(flood)) /* dials: no minute has more passes of the gate than its limit */
#define LAW_2 (!(sockets == 2)) /* one socket: no dial goes out while another one has a socket */
#define LAW_3 (!(requests == 2)) /* one request: one credential is asked for at a time */
#define LAW_4 (!(((state == CLOSED || state == FAILED) && sockets != 0) || ((state == CLOSED || state == FAILED) && requests != 0))) /* nothing left open: a final state has no socket and no request */
#define LAW_5 (!(((state == CLOSED || state == CLOSING || state == FAILED || state == IDLE || state == STREAMING) && t_finish) || (state != AUTHORIZING && state != AWAITING_ACK && state != CONNECTING && state != RECONNECTING && t_give_up) || (state != AUTHORIZING && t_auth) || (state != CONNECTING && t_connect) || (state != AWAITING_ACK && t_settle) || (state != AWAITING_ACK && t_ack) || (state != STREAMING && t_stable) || (state != DRAINING && t_drain) || (state != RECONNECTING && t_retry) || (state != CLOSING && state != DRAINING && t_close) || (state != DRAINING && state != FINISHING && state != STREAMING && t_pong) || (state != DRAINING && state != FINISHING && state != STREAMING && t_ping))) /* timers: a timer runs only in its states */
#define LAW_6 (!(beyond)) /* attempts: no more retries without progress than the policy has */
#define LAW_7 (!(stop && state == STREAMING)) /* stopped: a stopped session does not stream */
#define LAW_8 (!(refused && used)) /* one fresh credential: one is asked for since the line was stable */
#define LAW_9 (!(asked && !t_finish && state != CLOSED && state != CLOSING && state != FAILED && state != IDLE)) /* the limit: a stopped session has a limit until it closes */
#define LAWS (LAW_1 && LAW_2 && LAW_3 && LAW_4 && LAW_5 && LAW_6 && LAW_7 && LAW_8 && LAW_9)

active proctype session() {
    atomic { if :: provider = 1; wanted = 1 :: skip fi; assert(LAWS) }
at_idle:
    do
    /* open_requested: idle --open_requested [needs_credential]--> authorizing */
    :: d_step { (provider && !wanted) -> printf("step 0\n"); requests = 1; wanted = 1; t_auth = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* open_requested: idle --open_requested [needs_credential]--> authorizing */
    :: d_step { (wanted) -> printf("step 1\n"); requests = 1; t_auth = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* open_requested: idle --open_requested [needs_credential]--> authorizing */
    :: d_step { (wanted) -> printf("step 2\n"); zone = 1; passes = 1; requests = 1; t_auth = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* open_requested: idle --open_requested--> connecting */
    :: d_step { (!wanted) -> printf("step 3\n"); sockets = 1; t_connect = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* open_requested: idle --open_requested--> connecting */
    :: d_step { (!wanted) -> printf("step 4\n"); zone = 1; passes = 1; sockets = 1; t_connect = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* abort_requested: idle --abort_requested--> closed */
    :: d_step { (true) -> printf("step 5\n"); state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: idle --stop_requested--> closed */
    :: d_step { (true) -> printf("step 6\n"); asked = 1; state = CLOSED; assert(LAWS) } -> goto at_closed
    od;
at_authorizing:
    do
    /* abort_requested: authorizing --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 7\n"); t_auth = 0; requests = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: authorizing --stop_requested [all_delivered]--> closed */
    :: d_step { (mode == FREE) -> printf("step 8\n"); asked = 1; t_auth = 0; requests = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: authorizing --stop_requested--> itself */
    :: d_step { (mode == FREE && stop) -> printf("step 9\n"); asked = 1; assert(LAWS) }
    /* stop_requested: authorizing --stop_requested--> itself */
    :: d_step { (mode == FREE && !stop) -> printf("step 10\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* credential_ready: authorizing --credential_ready [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 11\n"); requests = 0; t_auth = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* credential_ready: authorizing --credential_ready [gate_open]--> connecting */
    :: d_step { (mode == FREE && !full && refused && zone == 0) -> printf("step 12\n"); requests = 0; t_auth = 0; t_connect = 1; used = 1; wanted = 0; refused = 0; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* credential_ready: authorizing --credential_ready [gate_open]--> connecting */
    :: d_step { (mode == FREE && !full && refused && zone == 0) -> printf("step 13\n"); requests = 0; t_auth = 0; t_connect = 1; used = 1; wanted = 0; refused = 0; zone = 1; passes = 1; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* credential_ready: authorizing --credential_ready [gate_open]--> connecting */
    :: d_step { (mode == FREE && !full && zone != 0 && refused) -> printf("step 14\n"); requests = 0; t_auth = 0; t_connect = 1; used = 1; wanted = 0; refused = 0; passes++; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* credential_ready: authorizing --credential_ready [gate_open]--> connecting */
    :: d_step { (mode == FREE && !full && !refused && zone == 0) -> printf("step 15\n"); requests = 0; t_auth = 0; t_connect = 1; wanted = 0; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* credential_ready: authorizing --credential_ready [gate_open]--> connecting */
    :: d_step { (mode == FREE && !full && !refused && zone == 0) -> printf("step 16\n"); requests = 0; t_auth = 0; t_connect = 1; wanted = 0; zone = 1; passes = 1; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* credential_ready: authorizing --credential_ready [gate_open]--> connecting */
    :: d_step { (mode == FREE && !full && zone != 0 && !refused) -> printf("step 17\n"); requests = 0; t_auth = 0; t_connect = 1; wanted = 0; passes++; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* credential_ready: authorizing --credential_ready--> reconnecting */
    :: d_step { (mode == FREE && !full && refused) -> printf("step 18\n"); requests = 0; t_auth = 0; t_retry = 1; used = 1; wanted = 0; refused = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* credential_ready: authorizing --credential_ready--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && refused) || (mode == FREE && full && refused)) -> printf("step 19\n"); requests = 0; t_auth = 0; t_retry = 1; gated = 1; used = 1; wanted = 0; refused = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* credential_ready: authorizing --credential_ready--> reconnecting */
    :: d_step { (mode == FREE && !full && !refused) -> printf("step 20\n"); requests = 0; t_auth = 0; t_retry = 1; wanted = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* credential_ready: authorizing --credential_ready--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !refused) || (mode == FREE && full && !refused)) -> printf("step 21\n"); requests = 0; t_auth = 0; t_retry = 1; gated = 1; wanted = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* credential_failed: authorizing --credential_failed [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 22\n"); requests = 0; t_auth = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* credential_failed: authorizing --credential_failed--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 23\n"); requests = 0; t_auth = 0; t_retry = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* credential_failed: authorizing --credential_failed--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 24\n"); requests = 0; t_auth = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* credential_failed: authorizing --credential_failed--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 25\n"); requests = 0; t_auth = 0; t_retry = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* credential_failed: authorizing --credential_failed--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 26\n"); requests = 0; t_auth = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* FINISH: authorizing --finish_due--> failed */
    :: d_step { (t_finish) -> printf("step 27\n"); t_finish = 0; t_auth = 0; requests = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* GIVE_UP: authorizing --give_up_due--> failed */
    :: d_step { ((mode != OUT && t_give_up) || (mode == OUT && !t_finish && t_give_up)) -> printf("step 28\n"); t_give_up = 0; t_auth = 0; requests = 0; t_finish = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SOURCE: authorizing --stop_requested [all_delivered]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 29\n"); asked = 1; t_auth = 0; requests = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* SOURCE: authorizing --stop_requested--> itself */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 30\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* AUTH: authorizing --timed_out [no_retry]--> failed */
    :: d_step { ((mode != OUT) || (mode == OUT && !t_finish)) -> printf("step 31\n"); t_auth = 0; requests = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* AUTH: authorizing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && !spent) || (mode == OUT && !t_finish && !full && !spent)) -> printf("step 32\n"); t_auth = 0; t_retry = 1; requests = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* AUTH: authorizing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && zone != 0 && !spent) || (mode != OUT && full && !spent) || (mode == OUT && !t_finish && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && full && !spent)) -> printf("step 33\n"); t_auth = 0; t_retry = 1; gated = 1; requests = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* AUTH: authorizing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && !spent) || (mode == OUT && !t_finish && !full && !spent)) -> printf("step 34\n"); t_auth = 0; t_retry = 1; requests = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* AUTH: authorizing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && zone != 0 && !spent) || (mode != OUT && full && !spent) || (mode == OUT && !t_finish && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && full && !spent)) -> printf("step 35\n"); t_auth = 0; t_retry = 1; gated = 1; requests = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 386\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 387\n"); zone = 0; passes = 0; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 410\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 411\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 412\n"); mode = OUT; assert(LAWS) }
    od;
at_connecting:
    do
    /* abort_requested: connecting --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 36\n"); t_connect = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: connecting --stop_requested [all_delivered]--> closed */
    :: d_step { (mode == FREE) -> printf("step 37\n"); asked = 1; t_connect = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: connecting --stop_requested--> itself */
    :: d_step { (mode == FREE && stop) -> printf("step 38\n"); asked = 1; assert(LAWS) }
    /* stop_requested: connecting --stop_requested--> itself */
    :: d_step { (mode == FREE && !stop) -> printf("step 39\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* socket_opened: connecting --socket_opened [opens_stopped]--> finishing */
    :: d_step { (mode == FREE && stop) -> printf("step 40\n"); t_connect = 0; t_give_up = 0; t_ping = 1; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* socket_opened: connecting --socket_opened [opens_now]--> streaming */
    :: d_step { (mode == FREE && !stop) -> printf("step 41\n"); t_connect = 0; t_stable = 1; t_give_up = 0; t_ping = 1; state = STREAMING; assert(LAWS) } -> goto at_streaming
    /* socket_opened: connecting --socket_opened--> awaiting_ack */
    :: d_step { (mode == FREE) -> printf("step 42\n"); t_connect = 0; t_ack = 1; state = AWAITING_ACK; assert(LAWS) } -> goto at_awaiting_ack
    /* socket_opened: connecting --socket_opened--> awaiting_ack */
    :: d_step { (mode == FREE) -> printf("step 43\n"); t_connect = 0; t_settle = 1; state = AWAITING_ACK; assert(LAWS) } -> goto at_awaiting_ack
    /* redirected: connecting --redirected [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 44\n"); sockets = 0; t_connect = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* redirected: connecting --redirected [gate_open]--> itself */
    :: d_step { (mode == FREE && !full && zone == 0) -> printf("step 45\n"); zone = 1; passes = 1; assert(LAWS) }
    /* redirected: connecting --redirected [gate_open]--> itself */
    :: d_step { (mode == FREE && !full && zone != 0) -> printf("step 46\n"); passes++; assert(LAWS) }
    /* redirected: connecting --redirected--> reconnecting */
    :: d_step { (mode == FREE && !full) -> printf("step 47\n"); sockets = 0; t_connect = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* redirected: connecting --redirected--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0) || (mode == FREE && full)) -> printf("step 48\n"); sockets = 0; t_connect = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* redirect_refused: connecting --redirect_refused [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 49\n"); sockets = 0; t_connect = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* redirect_refused: connecting --redirect_refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 50\n"); sockets = 0; t_connect = 0; t_retry = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* redirect_refused: connecting --redirect_refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 51\n"); sockets = 0; t_connect = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* redirect_refused: connecting --redirect_refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 52\n"); sockets = 0; t_connect = 0; t_retry = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* redirect_refused: connecting --redirect_refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 53\n"); sockets = 0; t_connect = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 54\n"); sockets = 0; t_connect = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 55\n"); sockets = 0; t_connect = 0; t_retry = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 56\n"); sockets = 0; t_connect = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 57\n"); sockets = 0; t_connect = 0; t_retry = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 58\n"); sockets = 0; t_connect = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 59\n"); sockets = 0; t_connect = 0; t_retry = 1; wanted = 1; refused = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 60\n"); sockets = 0; t_connect = 0; t_retry = 1; gated = 1; wanted = 1; refused = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 61\n"); sockets = 0; t_connect = 0; t_retry = 1; wanted = 1; refused = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: connecting --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 62\n"); sockets = 0; t_connect = 0; t_retry = 1; gated = 1; wanted = 1; refused = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* FINISH: connecting --finish_due--> failed */
    :: d_step { (t_finish) -> printf("step 63\n"); t_finish = 0; t_connect = 0; sockets = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* GIVE_UP: connecting --give_up_due--> failed */
    :: d_step { ((mode != OUT && t_give_up) || (mode == OUT && !t_finish && t_give_up)) -> printf("step 64\n"); t_give_up = 0; t_connect = 0; sockets = 0; t_finish = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SOURCE: connecting --stop_requested [all_delivered]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 65\n"); asked = 1; t_connect = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* SOURCE: connecting --stop_requested--> itself */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 66\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* CONNECT: connecting --timed_out [no_retry]--> failed */
    :: d_step { ((mode != OUT) || (mode == OUT && !t_finish)) -> printf("step 67\n"); t_connect = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* CONNECT: connecting --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && !spent) || (mode == OUT && !t_finish && !full && !spent)) -> printf("step 68\n"); t_connect = 0; t_retry = 1; sockets = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* CONNECT: connecting --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && zone != 0 && !spent) || (mode != OUT && full && !spent) || (mode == OUT && !t_finish && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && full && !spent)) -> printf("step 69\n"); t_connect = 0; t_retry = 1; gated = 1; sockets = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* CONNECT: connecting --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && !spent) || (mode == OUT && !t_finish && !full && !spent)) -> printf("step 70\n"); t_connect = 0; t_retry = 1; sockets = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* CONNECT: connecting --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && !full && zone != 0 && !spent) || (mode != OUT && full && !spent) || (mode == OUT && !t_finish && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && full && !spent)) -> printf("step 71\n"); t_connect = 0; t_retry = 1; gated = 1; sockets = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 388\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 389\n"); zone = 0; passes = 0; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 413\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 414\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 415\n"); mode = OUT; assert(LAWS) }
    od;
at_awaiting_ack:
    do
    /* abort_requested: awaiting_ack --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 72\n"); t_settle = 0; t_ack = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: awaiting_ack --stop_requested [all_delivered]--> closed */
    :: d_step { (mode == FREE) -> printf("step 73\n"); asked = 1; t_settle = 0; t_ack = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: awaiting_ack --stop_requested--> itself */
    :: d_step { (mode == FREE && stop) -> printf("step 74\n"); asked = 1; assert(LAWS) }
    /* stop_requested: awaiting_ack --stop_requested--> itself */
    :: d_step { (mode == FREE && !stop) -> printf("step 75\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* socket_lost: awaiting_ack --socket_lost [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 76\n"); sockets = 0; t_settle = 0; t_ack = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 77\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 78\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 79\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 80\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 81\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; wanted = 1; refused = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 82\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; wanted = 1; refused = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 83\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; wanted = 1; refused = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: awaiting_ack --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 84\n"); sockets = 0; t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; wanted = 1; refused = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 85\n"); t_settle = 0; t_ack = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 86\n"); t_settle = 0; t_ack = 0; t_retry = 1; sockets = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 87\n"); t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; sockets = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 88\n"); t_settle = 0; t_ack = 0; t_retry = 1; sockets = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 89\n"); t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; sockets = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 90\n"); t_settle = 0; t_ack = 0; t_retry = 1; sockets = 0; wanted = 1; refused = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 91\n"); t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; sockets = 0; wanted = 1; refused = 1; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 92\n"); t_settle = 0; t_ack = 0; t_retry = 1; sockets = 0; wanted = 1; refused = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: awaiting_ack --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 93\n"); t_settle = 0; t_ack = 0; t_retry = 1; gated = 1; sockets = 0; wanted = 1; refused = 1; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* acked: awaiting_ack --acked [greeting_goes_first]--> itself */
    :: d_step { (mode == FREE) -> printf("step 94\n"); t_ack = 1; assert(LAWS) }
    /* acked: awaiting_ack --acked [greeting_goes_first]--> itself */
    :: d_step { (mode == FREE) -> printf("step 95\n"); t_ack = 0; t_settle = 1; assert(LAWS) }
    /* acked: awaiting_ack --acked [stopping]--> finishing */
    :: d_step { (mode == FREE && stop) -> printf("step 96\n"); t_settle = 0; t_ack = 0; t_give_up = 0; t_ping = 1; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* acked: awaiting_ack --acked--> streaming */
    :: d_step { (mode == FREE && !stop) -> printf("step 97\n"); t_settle = 0; t_ack = 0; t_stable = 1; t_give_up = 0; t_ping = 1; state = STREAMING; assert(LAWS) } -> goto at_streaming
    /* FINISH: awaiting_ack --finish_due--> failed */
    :: d_step { (t_finish) -> printf("step 98\n"); t_finish = 0; t_settle = 0; t_ack = 0; sockets = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* GIVE_UP: awaiting_ack --give_up_due--> failed */
    :: d_step { ((mode != OUT && t_give_up) || (mode == OUT && !t_finish && t_give_up)) -> printf("step 99\n"); t_give_up = 0; t_settle = 0; t_ack = 0; sockets = 0; t_finish = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SOURCE: awaiting_ack --stop_requested [all_delivered]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 100\n"); asked = 1; t_settle = 0; t_ack = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* SOURCE: awaiting_ack --stop_requested--> itself */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 101\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* SETTLE: awaiting_ack --settle_due [opens_stopped]--> finishing */
    :: d_step { ((mode != OUT && t_settle && stop) || (mode == OUT && !t_finish && t_settle && stop)) -> printf("step 102\n"); t_settle = 0; t_ack = 0; t_give_up = 0; t_ping = 1; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* SETTLE: awaiting_ack --settle_due [opens_now]--> streaming */
    :: d_step { ((mode != OUT && t_settle && !stop) || (mode == OUT && !t_finish && t_settle && !stop)) -> printf("step 103\n"); t_settle = 0; t_ack = 0; t_stable = 1; t_give_up = 0; t_ping = 1; state = STREAMING; assert(LAWS) } -> goto at_streaming
    /* SETTLE: awaiting_ack --settle_due--> itself */
    :: d_step { ((mode != OUT && t_settle) || (mode == OUT && !t_finish && t_settle)) -> printf("step 104\n"); t_settle = 0; t_ack = 1; assert(LAWS) }
    /* ACK: awaiting_ack --timed_out [no_retry]--> failed */
    :: d_step { ((mode != OUT && t_ack) || (mode == OUT && !t_finish && t_ack)) -> printf("step 105\n"); t_ack = 0; t_settle = 0; sockets = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* ACK: awaiting_ack --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_ack && !full && !spent) || (mode == OUT && !t_finish && t_ack && !full && !spent)) -> printf("step 106\n"); t_ack = 0; t_settle = 0; t_retry = 1; sockets = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* ACK: awaiting_ack --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_ack && !full && zone != 0 && !spent) || (mode != OUT && t_ack && full && !spent) || (mode == OUT && !t_finish && t_ack && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_ack && full && !spent)) -> printf("step 107\n"); t_ack = 0; t_settle = 0; t_retry = 1; gated = 1; sockets = 0; attempts++; t_give_up = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* ACK: awaiting_ack --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_ack && !full && !spent) || (mode == OUT && !t_finish && t_ack && !full && !spent)) -> printf("step 108\n"); t_ack = 0; t_settle = 0; t_retry = 1; sockets = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* ACK: awaiting_ack --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_ack && !full && zone != 0 && !spent) || (mode != OUT && t_ack && full && !spent) || (mode == OUT && !t_finish && t_ack && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_ack && full && !spent)) -> printf("step 109\n"); t_ack = 0; t_settle = 0; t_retry = 1; gated = 1; sockets = 0; attempts++; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 390\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 391\n"); zone = 0; passes = 0; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 416\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 417\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 418\n"); mode = OUT; assert(LAWS) }
    od;
at_streaming:
    do
    /* abort_requested: streaming --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 110\n"); t_stable = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* network_restored: streaming --network_restored--> itself */
    :: d_step { (mode == FREE) -> printf("step 111\n"); t_pong = 1; assert(LAWS) }
    /* stop_requested: streaming --stop_requested--> finishing */
    :: d_step { (mode == FREE) -> printf("step 112\n"); asked = 1; t_stable = 0; stop = 1; t_finish = 1; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* socket_lost: streaming --socket_lost [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 113\n"); sockets = 0; t_stable = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 114\n"); sockets = 0; t_stable = 0; t_retry = 1; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 115\n"); sockets = 0; t_stable = 0; t_retry = 1; gated = 1; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 116\n"); sockets = 0; t_stable = 0; t_retry = 1; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 117\n"); sockets = 0; t_stable = 0; t_retry = 1; gated = 1; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 118\n"); sockets = 0; t_stable = 0; t_retry = 1; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 119\n"); sockets = 0; t_stable = 0; t_retry = 1; gated = 1; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 120\n"); sockets = 0; t_stable = 0; t_retry = 1; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: streaming --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 121\n"); sockets = 0; t_stable = 0; t_retry = 1; gated = 1; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 122\n"); t_pong = 0; t_stable = 0; sockets = 0; t_finish = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* refused: streaming --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 123\n"); t_pong = 0; t_stable = 0; t_retry = 1; sockets = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 124\n"); t_pong = 0; t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 125\n"); t_pong = 0; t_stable = 0; t_retry = 1; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 126\n"); t_pong = 0; t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 127\n"); t_pong = 0; t_stable = 0; t_retry = 1; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 128\n"); t_pong = 0; t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 129\n"); t_pong = 0; t_stable = 0; t_retry = 1; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: streaming --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 130\n"); t_pong = 0; t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* acked: streaming --acked--> itself */
    :: d_step { (mode == FREE) -> printf("step 131\n"); t_pong = 0; assert(LAWS) }
    /* status: streaming --status--> itself */
    :: d_step { (mode == FREE) -> printf("step 132\n"); t_pong = 0; assert(LAWS) }
    /* backend_error: streaming --backend_error--> itself */
    :: d_step { (mode == FREE) -> printf("step 133\n"); t_pong = 0; assert(LAWS) }
    /* transcript: streaming --transcript--> itself */
    :: d_step { (mode == FREE) -> printf("step 134\n"); t_pong = 0; assert(LAWS) }
    /* transcript: streaming --transcript--> itself */
    :: d_step { (mode == FREE) -> printf("step 135\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* proved: streaming --proved--> itself */
    :: d_step { (mode == FREE) -> printf("step 136\n"); t_pong = 0; assert(LAWS) }
    /* proved: streaming --proved--> itself */
    :: d_step { (mode == FREE) -> printf("step 137\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* ignored: streaming --ignored--> itself */
    :: d_step { (mode == FREE) -> printf("step 138\n"); t_pong = 0; assert(LAWS) }
    /* ignored: streaming --ignored--> itself */
    :: d_step { (mode == FREE) -> printf("step 139\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* metrics: streaming --metrics--> itself */
    :: d_step { (mode == FREE) -> printf("step 140\n"); t_pong = 0; assert(LAWS) }
    /* metrics: streaming --metrics--> itself */
    :: d_step { (mode == FREE) -> printf("step 141\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* insight: streaming --insight--> itself */
    :: d_step { (mode == FREE) -> printf("step 142\n"); t_pong = 0; assert(LAWS) }
    /* expiring: streaming --expiring--> itself */
    :: d_step { (mode == FREE) -> printf("step 143\n"); t_pong = 0; assert(LAWS) }
    /* final_message: no row */
    :: d_step { (mode == FREE) -> printf("step 144\n"); t_pong = 0; assert(LAWS) }
    /* pong: streaming --pong--> itself */
    :: d_step { (mode == FREE) -> printf("step 145\n"); t_pong = 0; assert(LAWS) }
    /* pong: streaming --pong--> itself */
    :: d_step { (mode == FREE) -> printf("step 146\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* FINISH: no row */
    :: d_step { (t_finish) -> printf("step 147\n"); t_finish = 0; assert(LAWS) }
    /* SOURCE: streaming --stop_requested--> finishing */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 148\n"); asked = 1; t_stable = 0; stop = 1; t_finish = 1; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* STABLE: streaming --stable_due--> itself */
    :: d_step { ((mode != OUT && t_stable) || (mode == OUT && !t_finish && t_stable)) -> printf("step 149\n"); t_stable = 0; held = 1; attempts = 0; used = 0; assert(LAWS) }
    /* STABLE: streaming --stable_due--> itself */
    :: d_step { ((mode == FREE && t_stable) || (mode != OUT && t_stable && !held) || (mode == OUT && !t_finish && t_stable && !held)) -> printf("step 150\n"); held = 1; assert(LAWS) }
    /* ROTATE: streaming --rotate_due [may_rotate]--> draining */
    :: d_step { ((mode == FREE || mode == SILENT) && !full) -> printf("step 151\n"); t_stable = 0; t_drain = 1; leaving = 1; state = DRAINING; assert(LAWS) } -> goto at_draining
    /* PONG: streaming --timed_out [no_retry]--> failed */
    :: d_step { ((mode != OUT && t_pong) || (mode == OUT && !t_finish && t_pong)) -> printf("step 152\n"); t_pong = 0; t_stable = 0; sockets = 0; t_finish = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* PONG: streaming --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && !spent) || (mode == OUT && !t_finish && t_pong && !full && !spent)) -> printf("step 153\n"); t_pong = 0; t_stable = 0; t_retry = 1; sockets = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: streaming --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && zone != 0 && !spent) || (mode != OUT && t_pong && full && !spent) || (mode == OUT && !t_finish && t_pong && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_pong && full && !spent)) -> printf("step 154\n"); t_pong = 0; t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: streaming --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && !spent) || (mode == OUT && !t_finish && t_pong && !full && !spent)) -> printf("step 155\n"); t_pong = 0; t_stable = 0; t_retry = 1; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: streaming --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && zone != 0 && !spent) || (mode != OUT && t_pong && full && !spent) || (mode == OUT && !t_finish && t_pong && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_pong && full && !spent)) -> printf("step 156\n"); t_pong = 0; t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: streaming --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 157\n"); t_stable = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SEND: streaming --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 158\n"); t_stable = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: streaming --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 159\n"); t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: streaming --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 160\n"); t_stable = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: streaming --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 161\n"); t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: streaming --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 162\n"); t_stable = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* STALL: streaming --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 163\n"); t_stable = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: streaming --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 164\n"); t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: streaming --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 165\n"); t_stable = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: streaming --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 166\n"); t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: streaming --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 167\n"); t_stable = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* PROOF: streaming --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 168\n"); t_stable = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: streaming --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 169\n"); t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: streaming --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 170\n"); t_stable = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: streaming --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 171\n"); t_stable = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PING: streaming --ping_due--> itself */
    :: d_step { ((mode == FREE) || (mode != OUT && !t_pong) || (mode == OUT && !t_finish && !t_pong)) -> printf("step 172\n"); t_pong = 1; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 392\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 393\n"); zone = 0; passes = 0; assert(LAWS) }
    /* a message without an event: no row */
    :: d_step { (mode == FREE) -> printf("step 402\n"); t_pong = 0; assert(LAWS) }
    /* a ping goes out: no row */
    :: d_step { (mode == FREE) -> printf("step 405\n"); t_pong = 1; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 419\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 420\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 421\n"); mode = OUT; assert(LAWS) }
    od;
at_draining:
    do
    /* abort_requested: draining --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 173\n"); t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* network_restored: draining --network_restored--> itself */
    :: d_step { (mode == FREE) -> printf("step 174\n"); t_ping = 1; t_pong = 1; assert(LAWS) }
    /* stop_requested: draining --stop_requested [line_usable]--> finishing */
    :: d_step { (mode == FREE && leaving != 2 && stop) -> printf("step 175\n"); asked = 1; t_drain = 0; t_close = 0; leaving = 0; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* stop_requested: draining --stop_requested [line_usable]--> finishing */
    :: d_step { (mode == FREE && leaving != 2 && !stop) -> printf("step 176\n"); asked = 1; t_drain = 0; t_close = 0; stop = 1; t_finish = 1; leaving = 0; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* stop_requested: draining --stop_requested--> itself */
    :: d_step { (mode == FREE && stop) -> printf("step 177\n"); asked = 1; assert(LAWS) }
    /* stop_requested: draining --stop_requested--> itself */
    :: d_step { (mode == FREE && !stop) -> printf("step 178\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* socket_lost: draining --socket_lost [nothing_left]--> closed */
    :: d_step { (mode == FREE && stop) -> printf("step 179\n"); sockets = 0; t_drain = 0; t_close = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* socket_lost: draining --socket_lost [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 180\n"); sockets = 0; t_drain = 0; t_close = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* socket_lost: draining --socket_lost [renews_with_credential]--> authorizing */
    :: d_step { (mode == FREE && !full && held && provider) -> printf("step 181\n"); sockets = 0; t_auth = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; requests = 1; wanted = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* socket_lost: draining --socket_lost [renews]--> connecting */
    :: d_step { (mode == FREE && !full && held && zone == 0) -> printf("step 182\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* socket_lost: draining --socket_lost [renews]--> connecting */
    :: d_step { (mode == FREE && !full && held && zone == 0) -> printf("step 183\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; zone = 1; passes = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* socket_lost: draining --socket_lost [renews]--> connecting */
    :: d_step { (mode == FREE && !full && held && zone != 0) -> printf("step 184\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; passes++; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 185\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 186\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 187\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 188\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 189\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 190\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; t_pong = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 191\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: draining --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 192\n"); sockets = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; t_pong = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused [nothing_left]--> closed */
    :: d_step { (mode == FREE && stop) -> printf("step 193\n"); t_pong = 0; t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* refused: draining --refused [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 194\n"); t_pong = 0; t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* refused: draining --refused [renews_with_credential]--> authorizing */
    :: d_step { (mode == FREE && !full && held && provider) -> printf("step 195\n"); t_pong = 0; t_auth = 1; t_drain = 0; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; held = 0; requests = 1; wanted = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* refused: draining --refused [renews]--> connecting */
    :: d_step { (mode == FREE && !full && held && zone == 0) -> printf("step 196\n"); t_pong = 0; t_connect = 1; t_drain = 0; t_close = 0; t_ping = 0; leaving = 0; held = 0; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* refused: draining --refused [renews]--> connecting */
    :: d_step { (mode == FREE && !full && held && zone == 0) -> printf("step 197\n"); t_pong = 0; t_connect = 1; t_drain = 0; t_close = 0; t_ping = 0; leaving = 0; held = 0; zone = 1; passes = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* refused: draining --refused [renews]--> connecting */
    :: d_step { (mode == FREE && !full && held && zone != 0) -> printf("step 198\n"); t_pong = 0; t_connect = 1; t_drain = 0; t_close = 0; t_ping = 0; leaving = 0; held = 0; passes++; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 199\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 200\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 201\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 202\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 203\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 204\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 205\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: draining --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 206\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_ping = 0; leaving = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* acked: draining --acked--> itself */
    :: d_step { (mode == FREE) -> printf("step 207\n"); t_pong = 0; assert(LAWS) }
    /* status: draining --status--> itself */
    :: d_step { (mode == FREE) -> printf("step 208\n"); t_pong = 0; assert(LAWS) }
    /* backend_error: draining --backend_error--> itself */
    :: d_step { (mode == FREE) -> printf("step 209\n"); t_pong = 0; assert(LAWS) }
    /* transcript: draining --transcript--> itself */
    :: d_step { (mode == FREE) -> printf("step 210\n"); t_pong = 0; assert(LAWS) }
    /* transcript: draining --transcript--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 211\n"); t_pong = 0; t_drain = 1; assert(LAWS) }
    /* transcript: draining --transcript--> itself */
    :: d_step { (mode == FREE) -> printf("step 212\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* transcript: draining --transcript--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 213\n"); t_pong = 0; attempts = 0; t_drain = 1; assert(LAWS) }
    /* proved: draining --proved--> itself */
    :: d_step { (mode == FREE) -> printf("step 214\n"); t_pong = 0; assert(LAWS) }
    /* proved: draining --proved--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 215\n"); t_pong = 0; t_drain = 1; assert(LAWS) }
    /* proved: draining --proved--> itself */
    :: d_step { (mode == FREE) -> printf("step 216\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* proved: draining --proved--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 217\n"); t_pong = 0; attempts = 0; t_drain = 1; assert(LAWS) }
    /* ignored: draining --ignored--> itself */
    :: d_step { (mode == FREE) -> printf("step 218\n"); t_pong = 0; assert(LAWS) }
    /* ignored: draining --ignored--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 219\n"); t_pong = 0; t_drain = 1; assert(LAWS) }
    /* ignored: draining --ignored--> itself */
    :: d_step { (mode == FREE) -> printf("step 220\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* ignored: draining --ignored--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 221\n"); t_pong = 0; attempts = 0; t_drain = 1; assert(LAWS) }
    /* metrics: draining --metrics--> itself */
    :: d_step { (mode == FREE) -> printf("step 222\n"); t_pong = 0; assert(LAWS) }
    /* metrics: draining --metrics--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 223\n"); t_pong = 0; t_drain = 1; assert(LAWS) }
    /* metrics: draining --metrics--> itself */
    :: d_step { (mode == FREE) -> printf("step 224\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* metrics: draining --metrics--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 225\n"); t_pong = 0; attempts = 0; t_drain = 1; assert(LAWS) }
    /* insight: draining --insight--> itself */
    :: d_step { (mode == FREE) -> printf("step 226\n"); t_pong = 0; assert(LAWS) }
    /* expiring: draining --expiring--> itself */
    :: d_step { (mode == FREE) -> printf("step 227\n"); t_pong = 0; assert(LAWS) }
    /* final_message: draining --final_message [awaits_final]--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 228\n"); t_pong = 0; t_ping = 0; leaving = 2; t_drain = 0; t_close = 1; assert(LAWS) }
    /* final_message: draining --final_message [awaits_final]--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 229\n"); t_pong = 0; attempts = 0; t_ping = 0; leaving = 2; t_drain = 0; t_close = 1; assert(LAWS) }
    /* final_message: draining --final_message [stop_sent]--> itself */
    :: d_step { (mode == FREE && leaving == 2) -> printf("step 230\n"); t_pong = 0; assert(LAWS) }
    /* final_message: draining --final_message [stop_sent]--> itself */
    :: d_step { (mode == FREE && leaving == 2) -> printf("step 231\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* final_message: no row */
    :: d_step { (mode == FREE) -> printf("step 232\n"); t_pong = 0; assert(LAWS) }
    /* pong: draining --pong--> itself */
    :: d_step { (mode == FREE) -> printf("step 233\n"); t_pong = 0; assert(LAWS) }
    /* pong: draining --pong--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 234\n"); t_pong = 0; t_drain = 1; assert(LAWS) }
    /* pong: draining --pong--> itself */
    :: d_step { (mode == FREE) -> printf("step 235\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* pong: draining --pong--> itself */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 236\n"); t_pong = 0; attempts = 0; t_drain = 1; assert(LAWS) }
    /* FINISH: draining --finish_due [all_delivered]--> closed */
    :: d_step { (t_finish) -> printf("step 237\n"); t_finish = 0; t_drain = 0; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* FINISH: draining --finish_due--> failed */
    :: d_step { (t_finish) -> printf("step 238\n"); t_finish = 0; t_drain = 0; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SOURCE: draining --stop_requested [line_usable]--> finishing */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop && leaving != 2) -> printf("step 239\n"); asked = 1; t_drain = 0; t_close = 0; stop = 1; t_finish = 1; leaving = 0; state = FINISHING; assert(LAWS) } -> goto at_finishing
    /* SOURCE: draining --stop_requested--> itself */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 240\n"); asked = 1; stop = 1; t_finish = 1; assert(LAWS) }
    /* DRAIN: draining --drain_due--> itself */
    :: d_step { ((mode != OUT && t_drain) || (mode == OUT && !t_finish && t_drain)) -> printf("step 241\n"); t_drain = 0; t_pong = 0; t_ping = 0; leaving = 2; t_close = 1; assert(LAWS) }
    /* DRAIN: draining --drain_due--> itself */
    :: d_step { ((mode != OUT && t_drain) || (mode == OUT && !t_finish && t_drain)) -> printf("step 242\n"); t_drain = 0; attempts = 0; t_pong = 0; t_ping = 0; leaving = 2; t_close = 1; assert(LAWS) }
    /* CLOSE: draining --timed_out [nothing_left]--> closed */
    :: d_step { ((mode != OUT && t_close && stop) || (mode == OUT && !t_finish && t_close && stop)) -> printf("step 243\n"); t_close = 0; t_drain = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* CLOSE: draining --timed_out [no_retry]--> failed */
    :: d_step { ((mode != OUT && t_close) || (mode == OUT && !t_finish && t_close)) -> printf("step 244\n"); t_close = 0; t_drain = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* CLOSE: draining --timed_out [renews_with_credential]--> authorizing */
    :: d_step { ((mode != OUT && t_close && !full && held && provider) || (mode == OUT && !t_finish && t_close && !full && held && provider)) -> printf("step 245\n"); t_close = 0; t_auth = 1; t_drain = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; requests = 1; wanted = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* CLOSE: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode != OUT && t_close && !full && held && zone == 0) || (mode == OUT && !t_finish && t_close && !full && held && zone == 0)) -> printf("step 246\n"); t_close = 0; t_connect = 1; t_drain = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* CLOSE: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode != OUT && t_close && !full && held && zone == 0) || (mode == OUT && !t_finish && t_close && !full && held && zone == 0)) -> printf("step 247\n"); t_close = 0; t_connect = 1; t_drain = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; zone = 1; passes = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* CLOSE: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode != OUT && t_close && !full && held && zone != 0) || (mode == OUT && !t_finish && t_close && !full && held && zone != 0)) -> printf("step 248\n"); t_close = 0; t_connect = 1; t_drain = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; passes++; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* CLOSE: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_close && !full && !spent) || (mode == OUT && !t_finish && t_close && !full && !spent)) -> printf("step 249\n"); t_close = 0; t_drain = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* CLOSE: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_close && !full && zone != 0 && !spent) || (mode != OUT && t_close && full && !spent) || (mode == OUT && !t_finish && t_close && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_close && full && !spent)) -> printf("step 250\n"); t_close = 0; t_drain = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* CLOSE: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_close && !full && !spent) || (mode == OUT && !t_finish && t_close && !full && !spent)) -> printf("step 251\n"); t_close = 0; t_drain = 0; t_retry = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* CLOSE: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_close && !full && zone != 0 && !spent) || (mode != OUT && t_close && full && !spent) || (mode == OUT && !t_finish && t_close && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_close && full && !spent)) -> printf("step 252\n"); t_close = 0; t_drain = 0; t_retry = 1; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: draining --timed_out [nothing_left]--> closed */
    :: d_step { ((mode != OUT && t_pong && stop) || (mode == OUT && !t_finish && t_pong && stop)) -> printf("step 253\n"); t_pong = 0; t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* PONG: draining --timed_out [no_retry]--> failed */
    :: d_step { ((mode != OUT && t_pong) || (mode == OUT && !t_finish && t_pong)) -> printf("step 254\n"); t_pong = 0; t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* PONG: draining --timed_out [renews_with_credential]--> authorizing */
    :: d_step { ((mode != OUT && t_pong && !full && held && provider) || (mode == OUT && !t_finish && t_pong && !full && held && provider)) -> printf("step 255\n"); t_pong = 0; t_auth = 1; t_drain = 0; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; held = 0; requests = 1; wanted = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* PONG: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode != OUT && t_pong && !full && held && zone == 0) || (mode == OUT && !t_finish && t_pong && !full && held && zone == 0)) -> printf("step 256\n"); t_pong = 0; t_connect = 1; t_drain = 0; t_close = 0; t_ping = 0; leaving = 0; held = 0; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* PONG: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode != OUT && t_pong && !full && held && zone == 0) || (mode == OUT && !t_finish && t_pong && !full && held && zone == 0)) -> printf("step 257\n"); t_pong = 0; t_connect = 1; t_drain = 0; t_close = 0; t_ping = 0; leaving = 0; held = 0; zone = 1; passes = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* PONG: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode != OUT && t_pong && !full && held && zone != 0) || (mode == OUT && !t_finish && t_pong && !full && held && zone != 0)) -> printf("step 258\n"); t_pong = 0; t_connect = 1; t_drain = 0; t_close = 0; t_ping = 0; leaving = 0; held = 0; passes++; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* PONG: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && !spent) || (mode == OUT && !t_finish && t_pong && !full && !spent)) -> printf("step 259\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && zone != 0 && !spent) || (mode != OUT && t_pong && full && !spent) || (mode == OUT && !t_finish && t_pong && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_pong && full && !spent)) -> printf("step 260\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && !spent) || (mode == OUT && !t_finish && t_pong && !full && !spent)) -> printf("step 261\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: draining --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && zone != 0 && !spent) || (mode != OUT && t_pong && full && !spent) || (mode == OUT && !t_finish && t_pong && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_pong && full && !spent)) -> printf("step 262\n"); t_pong = 0; t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: draining --timed_out [nothing_left]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT) && stop) -> printf("step 263\n"); t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* SEND: draining --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 264\n"); t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SEND: draining --timed_out [renews_with_credential]--> authorizing */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && provider) -> printf("step 265\n"); t_auth = 1; t_drain = 0; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; requests = 1; wanted = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* SEND: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && zone == 0) -> printf("step 266\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* SEND: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && zone == 0) -> printf("step 267\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; zone = 1; passes = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* SEND: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && zone != 0) -> printf("step 268\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; passes++; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* SEND: draining --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 269\n"); t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: draining --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 270\n"); t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: draining --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 271\n"); t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: draining --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 272\n"); t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: draining --timed_out [nothing_left]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT) && stop) -> printf("step 273\n"); t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* STALL: draining --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 274\n"); t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* STALL: draining --timed_out [renews_with_credential]--> authorizing */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && provider) -> printf("step 275\n"); t_auth = 1; t_drain = 0; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; requests = 1; wanted = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* STALL: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && zone == 0) -> printf("step 276\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* STALL: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && zone == 0) -> printf("step 277\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; zone = 1; passes = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* STALL: draining --timed_out [renews]--> connecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && held && zone != 0) -> printf("step 278\n"); t_connect = 1; t_drain = 0; t_close = 0; t_pong = 0; t_ping = 0; leaving = 0; held = 0; passes++; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* STALL: draining --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 279\n"); t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: draining --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 280\n"); t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: draining --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 281\n"); t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: draining --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 282\n"); t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: draining --timed_out [nothing_left]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT) && stop) -> printf("step 283\n"); t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* PROOF: draining --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 284\n"); t_drain = 0; t_close = 0; sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* PROOF: draining --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 285\n"); t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: draining --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 286\n"); t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: draining --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 287\n"); t_drain = 0; t_retry = 1; t_close = 0; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: draining --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 288\n"); t_drain = 0; t_retry = 1; t_close = 0; gated = 1; sockets = 0; t_pong = 0; t_ping = 0; leaving = 0; attempts++; held = 0; t_give_up = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PING: draining --ping_due--> itself */
    :: d_step { ((mode == FREE && t_ping) || (mode != OUT && t_ping && !t_pong) || (mode == OUT && !t_finish && t_ping && !t_pong)) -> printf("step 289\n"); t_pong = 1; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 394\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 395\n"); zone = 0; passes = 0; assert(LAWS) }
    /* a message without an event: no row */
    :: d_step { (mode == FREE) -> printf("step 403\n"); t_pong = 0; assert(LAWS) }
    /* a ping goes out: no row */
    :: d_step { (mode == FREE) -> printf("step 406\n"); t_ping = 1; t_pong = 1; assert(LAWS) }
    /* the sender sees the end of the drain: no row */
    :: d_step { (mode == FREE && leaving != 2) -> printf("step 408\n"); t_drain = 1; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 422\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 423\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 424\n"); mode = OUT; assert(LAWS) }
    od;
at_reconnecting:
    do
    /* abort_requested: reconnecting --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 290\n"); t_retry = 0; gated = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* network_restored: reconnecting --network_restored [network_hint_applies]--> itself */
    :: d_step { (mode == FREE && !full) -> printf("step 291\n"); gated = 0; assert(LAWS) }
    /* network_restored: reconnecting --network_restored [network_hint_applies]--> itself */
    :: d_step { ((mode == FREE && !full && zone != 0) || (mode == FREE && full)) -> printf("step 292\n"); gated = 1; assert(LAWS) }
    /* stop_requested: reconnecting --stop_requested [all_delivered]--> closed */
    :: d_step { (mode == FREE) -> printf("step 293\n"); asked = 1; t_retry = 0; gated = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: reconnecting --stop_requested [retry_too_late]--> failed */
    :: d_step { (mode == FREE && stop) -> printf("step 294\n"); asked = 1; t_retry = 0; gated = 0; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* stop_requested: reconnecting --stop_requested [retry_too_late]--> failed */
    :: d_step { (mode == FREE && !stop) -> printf("step 295\n"); asked = 1; t_retry = 0; gated = 0; stop = 1; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* stop_requested: reconnecting --stop_requested--> itself */
    :: d_step { (mode == FREE && !full && stop) -> printf("step 296\n"); asked = 1; gated = 0; assert(LAWS) }
    /* stop_requested: reconnecting --stop_requested--> itself */
    :: d_step { ((mode == FREE && !full && zone != 0 && stop) || (mode == FREE && full && stop)) -> printf("step 297\n"); asked = 1; gated = 1; assert(LAWS) }
    /* stop_requested: reconnecting --stop_requested--> itself */
    :: d_step { (mode == FREE && !full && !stop) -> printf("step 298\n"); asked = 1; stop = 1; t_finish = 1; gated = 0; assert(LAWS) }
    /* stop_requested: reconnecting --stop_requested--> itself */
    :: d_step { ((mode == FREE && !full && zone != 0 && !stop) || (mode == FREE && full && !stop)) -> printf("step 299\n"); asked = 1; stop = 1; t_finish = 1; gated = 1; assert(LAWS) }
    /* SOURCE: reconnecting --stop_requested [all_delivered]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 300\n"); asked = 1; t_retry = 0; gated = 0; t_finish = 0; t_give_up = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* SOURCE: reconnecting --stop_requested [retry_too_late]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop) -> printf("step 301\n"); asked = 1; t_retry = 0; gated = 0; stop = 1; t_finish = 0; t_give_up = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SOURCE: reconnecting --stop_requested--> itself */
    :: d_step { ((mode == FREE || mode == SILENT) && !stop && !full) -> printf("step 302\n"); asked = 1; stop = 1; t_finish = 1; gated = 0; assert(LAWS) }
    /* SOURCE: reconnecting --stop_requested--> itself */
    :: d_step { (((mode == FREE || mode == SILENT) && !stop && !full && zone != 0) || ((mode == FREE || mode == SILENT) && !stop && full)) -> printf("step 303\n"); asked = 1; stop = 1; t_finish = 1; gated = 1; assert(LAWS) }
    /* RETRY: reconnecting --retry_due [needs_credential]--> authorizing */
    :: d_step { (!gated && provider && !wanted) -> printf("step 304\n"); t_retry = 0; t_auth = 1; requests = 1; wanted = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* RETRY: reconnecting --retry_due [needs_credential]--> authorizing */
    :: d_step { (!gated && wanted && zone == 0) -> printf("step 305\n"); t_retry = 0; t_auth = 1; requests = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* RETRY: reconnecting --retry_due [needs_credential]--> authorizing */
    :: d_step { (!gated && wanted && zone == 0) -> printf("step 306\n"); t_retry = 0; t_auth = 1; zone = 1; passes = 1; requests = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* RETRY: reconnecting --retry_due [needs_credential]--> authorizing */
    :: d_step { (!gated && zone != 0 && wanted) -> printf("step 307\n"); t_retry = 0; t_auth = 1; passes++; requests = 1; state = AUTHORIZING; assert(LAWS) } -> goto at_authorizing
    /* RETRY: reconnecting --retry_due--> connecting */
    :: d_step { (!gated && !wanted && zone == 0) -> printf("step 308\n"); t_retry = 0; t_connect = 1; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* RETRY: reconnecting --retry_due--> connecting */
    :: d_step { (!gated && !wanted && zone == 0) -> printf("step 309\n"); t_retry = 0; t_connect = 1; zone = 1; passes = 1; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* RETRY: reconnecting --retry_due--> connecting */
    :: d_step { (!gated && zone != 0 && !wanted) -> printf("step 310\n"); t_retry = 0; t_connect = 1; passes++; sockets = 1; state = CONNECTING; assert(LAWS) } -> goto at_connecting
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 396\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 397\n"); zone = 0; gated = 0; passes = 0; assert(LAWS) }
    /* a suspension puts the retry off: no row */
    :: d_step { (mode == FREE && zone != 0) -> printf("step 409\n"); gated = 1; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 425\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 426\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 427\n"); mode = OUT; assert(LAWS) }
    od;
at_finishing:
    do
    /* abort_requested: finishing --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 311\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* network_restored: finishing --network_restored--> itself */
    :: d_step { (mode == FREE) -> printf("step 312\n"); t_ping = 1; t_pong = 1; assert(LAWS) }
    /* stop_requested: finishing --stop_requested--> itself */
    :: d_step { (mode == FREE) -> printf("step 313\n"); asked = 1; assert(LAWS) }
    /* socket_lost: finishing --socket_lost [all_delivered]--> closed */
    :: d_step { (mode == FREE) -> printf("step 314\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* socket_lost: finishing --socket_lost [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 315\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 316\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 317\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 318\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 319\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 320\n"); sockets = 0; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 321\n"); sockets = 0; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 322\n"); sockets = 0; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* socket_lost: finishing --socket_lost--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 323\n"); sockets = 0; t_pong = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused [all_delivered]--> closed */
    :: d_step { (mode == FREE) -> printf("step 324\n"); t_pong = 0; sockets = 0; t_finish = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* refused: finishing --refused [no_retry]--> failed */
    :: d_step { (mode == FREE) -> printf("step 325\n"); t_pong = 0; sockets = 0; t_finish = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* refused: finishing --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 326\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 327\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && !spent) -> printf("step 328\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && zone != 0 && !spent) || (mode == FREE && full && !spent)) -> printf("step 329\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 330\n"); t_pong = 0; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 331\n"); t_pong = 0; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused--> reconnecting */
    :: d_step { (mode == FREE && !full && provider && !used && !spent) -> printf("step 332\n"); t_pong = 0; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* refused: finishing --refused--> reconnecting */
    :: d_step { ((mode == FREE && !full && provider && !used && !spent && zone != 0) || (mode == FREE && full && provider && !used && !spent)) -> printf("step 333\n"); t_pong = 0; sockets = 0; t_ping = 0; wanted = 1; refused = 1; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* acked: finishing --acked--> itself */
    :: d_step { (mode == FREE) -> printf("step 334\n"); t_pong = 0; assert(LAWS) }
    /* status: finishing --status--> itself */
    :: d_step { (mode == FREE) -> printf("step 335\n"); t_pong = 0; assert(LAWS) }
    /* backend_error: finishing --backend_error--> itself */
    :: d_step { (mode == FREE) -> printf("step 336\n"); t_pong = 0; assert(LAWS) }
    /* transcript: finishing --transcript--> itself */
    :: d_step { (mode == FREE) -> printf("step 337\n"); t_pong = 0; assert(LAWS) }
    /* transcript: finishing --transcript--> itself */
    :: d_step { (mode == FREE) -> printf("step 338\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* proved: finishing --proved--> itself */
    :: d_step { (mode == FREE) -> printf("step 339\n"); t_pong = 0; assert(LAWS) }
    /* proved: finishing --proved--> itself */
    :: d_step { (mode == FREE) -> printf("step 340\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* ignored: finishing --ignored--> itself */
    :: d_step { (mode == FREE) -> printf("step 341\n"); t_pong = 0; assert(LAWS) }
    /* ignored: finishing --ignored--> itself */
    :: d_step { (mode == FREE) -> printf("step 342\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* metrics: finishing --metrics--> itself */
    :: d_step { (mode == FREE) -> printf("step 343\n"); t_pong = 0; assert(LAWS) }
    /* metrics: finishing --metrics--> itself */
    :: d_step { (mode == FREE) -> printf("step 344\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* insight: finishing --insight--> itself */
    :: d_step { (mode == FREE) -> printf("step 345\n"); t_pong = 0; assert(LAWS) }
    /* expiring: finishing --expiring--> itself */
    :: d_step { (mode == FREE) -> printf("step 346\n"); t_pong = 0; assert(LAWS) }
    /* final_message: finishing --final_message [stop_sent]--> closing */
    :: d_step { (mode == FREE) -> printf("step 347\n"); t_pong = 0; t_finish = 0; t_ping = 0; t_close = 1; state = CLOSING; assert(LAWS) } -> goto at_closing
    /* final_message: finishing --final_message [stop_sent]--> closing */
    :: d_step { (mode == FREE) -> printf("step 348\n"); t_pong = 0; attempts = 0; t_finish = 0; t_ping = 0; t_close = 1; state = CLOSING; assert(LAWS) } -> goto at_closing
    /* final_message: no row */
    :: d_step { (mode == FREE) -> printf("step 349\n"); t_pong = 0; assert(LAWS) }
    /* pong: finishing --pong--> itself */
    :: d_step { (mode == FREE) -> printf("step 350\n"); t_pong = 0; assert(LAWS) }
    /* pong: finishing --pong--> itself */
    :: d_step { (mode == FREE) -> printf("step 351\n"); t_pong = 0; attempts = 0; assert(LAWS) }
    /* FINISH: finishing --finish_due [all_delivered]--> closed */
    :: d_step { (t_finish) -> printf("step 352\n"); t_finish = 0; sockets = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* FINISH: finishing --finish_due--> failed */
    :: d_step { (t_finish) -> printf("step 353\n"); t_finish = 0; sockets = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* PONG: finishing --timed_out [all_delivered]--> closed */
    :: d_step { ((mode != OUT && t_pong) || (mode == OUT && !t_finish && t_pong)) -> printf("step 354\n"); t_pong = 0; sockets = 0; t_finish = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* PONG: finishing --timed_out [no_retry]--> failed */
    :: d_step { ((mode != OUT && t_pong) || (mode == OUT && !t_finish && t_pong)) -> printf("step 355\n"); t_pong = 0; sockets = 0; t_finish = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* PONG: finishing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && !spent) || (mode == OUT && !t_finish && t_pong && !full && !spent)) -> printf("step 356\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: finishing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && zone != 0 && !spent) || (mode != OUT && t_pong && full && !spent) || (mode == OUT && !t_finish && t_pong && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_pong && full && !spent)) -> printf("step 357\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: finishing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && !spent) || (mode == OUT && !t_finish && t_pong && !full && !spent)) -> printf("step 358\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PONG: finishing --timed_out--> reconnecting */
    :: d_step { ((mode != OUT && t_pong && !full && zone != 0 && !spent) || (mode != OUT && t_pong && full && !spent) || (mode == OUT && !t_finish && t_pong && !full && zone != 0 && !spent) || (mode == OUT && !t_finish && t_pong && full && !spent)) -> printf("step 359\n"); t_pong = 0; sockets = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: finishing --timed_out [all_delivered]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 360\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* SEND: finishing --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 361\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* SEND: finishing --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 362\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: finishing --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 363\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: finishing --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 364\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* SEND: finishing --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 365\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: finishing --timed_out [all_delivered]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 366\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* STALL: finishing --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 367\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* STALL: finishing --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 368\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: finishing --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 369\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: finishing --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 370\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* STALL: finishing --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 371\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: finishing --timed_out [all_delivered]--> closed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 372\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* PROOF: finishing --timed_out [no_retry]--> failed */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 373\n"); sockets = 0; t_finish = 0; t_pong = 0; t_ping = 0; state = FAILED; assert(LAWS) } -> goto at_failed
    /* PROOF: finishing --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 374\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: finishing --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 375\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: finishing --timed_out--> reconnecting */
    :: d_step { ((mode == FREE || mode == SILENT) && !full && !spent) -> printf("step 376\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PROOF: finishing --timed_out--> reconnecting */
    :: d_step { (((mode == FREE || mode == SILENT) && !full && zone != 0 && !spent) || ((mode == FREE || mode == SILENT) && full && !spent)) -> printf("step 377\n"); sockets = 0; t_pong = 0; t_ping = 0; attempts++; held = 0; t_give_up = 1; t_retry = 1; gated = 1; state = RECONNECTING; assert(LAWS) } -> goto at_reconnecting
    /* PING: finishing --ping_due--> itself */
    :: d_step { ((mode == FREE && t_ping) || (mode != OUT && t_ping && !t_pong) || (mode == OUT && !t_finish && t_ping && !t_pong)) -> printf("step 378\n"); t_pong = 1; assert(LAWS) }
    /* QUIET: finishing --quiet_due--> closing */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 379\n"); t_finish = 0; t_pong = 0; t_ping = 0; t_close = 1; state = CLOSING; assert(LAWS) } -> goto at_closing
    /* QUIET: finishing --quiet_due--> closing */
    :: d_step { ((mode == FREE || mode == SILENT)) -> printf("step 380\n"); attempts = 0; t_finish = 0; t_pong = 0; t_ping = 0; t_close = 1; state = CLOSING; assert(LAWS) } -> goto at_closing
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 398\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 399\n"); zone = 0; passes = 0; assert(LAWS) }
    /* a message without an event: no row */
    :: d_step { (mode == FREE) -> printf("step 404\n"); t_pong = 0; assert(LAWS) }
    /* a ping goes out: no row */
    :: d_step { (mode == FREE) -> printf("step 407\n"); t_ping = 1; t_pong = 1; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 428\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 429\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 430\n"); mode = OUT; assert(LAWS) }
    od;
at_closing:
    do
    /* abort_requested: closing --abort_requested--> closed */
    :: d_step { (mode == FREE) -> printf("step 381\n"); t_close = 0; sockets = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* stop_requested: closing --stop_requested--> itself */
    :: d_step { (mode == FREE) -> printf("step 382\n"); asked = 1; assert(LAWS) }
    /* socket_lost: closing --socket_lost--> closed */
    :: d_step { (mode == FREE) -> printf("step 383\n"); sockets = 0; t_close = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* transcript: closing --transcript--> itself */
    :: d_step { (mode == FREE) -> printf("step 384\n"); attempts = 0; assert(LAWS) }
    /* CLOSE: closing --timed_out--> closed */
    :: d_step { ((mode != OUT) || (mode == OUT)) -> printf("step 385\n"); t_close = 0; sockets = 0; state = CLOSED; assert(LAWS) } -> goto at_closed
    /* time passes: no row */
    :: d_step { (zone == 1) -> printf("step 400\n"); zone = 2; assert(LAWS) }
    /* time passes: no row */
    :: d_step { (zone == 2) -> printf("step 401\n"); zone = 0; passes = 0; assert(LAWS) }
    /* all fall silent: no row */
    :: d_step { (mode == FREE) -> printf("step 431\n"); mode = SILENT; assert(LAWS) }
    /* only some timers run: no row */
    :: d_step { (mode == SILENT) -> printf("step 432\n"); mode = STRICT; assert(LAWS) }
    /* the limit is near: no row */
    :: d_step { (mode == FREE && asked) -> printf("step 433\n"); mode = OUT; assert(LAWS) }
    od;
at_closed:
end_closed:
    false;
at_failed:
end_failed:
    false;
}

/* silence always ends */
ltl silence { [] ((mode == SILENT || mode == STRICT) -> <> (over)) }
/* a stop reaches a final state from everywhere */
ltl stopping { [] ((mode == OUT) -> <> (over)) }
