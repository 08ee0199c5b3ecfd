"""A session without an event loop: it works while the app waits for it, and not else.

Theory of operation. Whatever waits (``next``, ``wait``, ``stop``) takes turns. A turn carries out
the driver's effects, resumes the coroutines whose time has come (sources, the opening of a socket),
sends what there is to send, waits for the one thing that is due next, and tells the driver when its
deadline has come. Reading an update that is there takes a turn too, which waits for nothing: so an
app that reads is an app that tends its line.

Between two turns nothing happens. Then messages and pongs lie in the kernel, live audio in the
hand-over of its source (10 s of a microphone, a minute of pushed audio; the rest is a hole), and no
ping is answered: a backend may give the line up. The core finds its deadlines overdue when the next
turn begins, and takes it for a suspension of the process (``openline.machine.suspension``): what
lies ready is read before anything is judged. So an app that is away for a while loses no word.

One thread waits for a session, and one works at a time (``openline_blocking.work``). A request from
elsewhere (another thread or greenlet, a signal handler, an observer) is posted, and wakes the one
that works; where none does, it is carried out at once. An error of the app's dialect, or a bug,
ends the session and is raised by the call that worked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import ClassVar, cast

from openline import events as e
from openline.observer import Observer
from openline.updates import Ended, Update
from openline_audio.source import Source
from openline_blocking.asking import answer
from openline_blocking.capture import Capture, Worked
from openline_blocking.dial import Dial
from openline_blocking.interrupts import interruptible
from openline_blocking.network import Connect
from openline_blocking.poller import Poller
from openline_blocking.tasks import Pause, Task, Tasks
from openline_blocking.work import Work
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.options import SessionOptions
from openline_store.journal_file import JournalFile
from openline_store.stored_face import StoredFace


class Session(StoredFace):
    """An open session. Iterate over it for updates; ``Ended`` is the last one.

    One thread waits for it, and another that tries meanwhile gets RuntimeError. ``request_stop``,
    ``abort``, ``skip_to_live`` and ``network_restored`` may be called from anywhere, a signal
    handler too.
    """

    _pollers: ClassVar[type[Poller]] = Poller

    def __init__(
        self,
        options: SessionOptions,
        sources: Mapping[str, Source],
        connect: Connect,
        observers: Sequence[Observer],
        journal: JournalFile | None,
    ) -> None:
        self._poller = self._pollers()
        super().__init__(options, self._poller.now, observers, self._poller.wake, journal)
        self._connect = connect
        self._tasks = Tasks(self._poller)
        self._capture = Capture(self.feed, self.room, sources)
        self._at_work = Work(self._poller.wake)
        self._dial: Dial | None = None  # the newest
        self._asking: Task[None] | None = None
        self._given: Update | None = None  # taken, and not returned yet
        self._is_over = False

    def level(self, source: str) -> float:
        """Loudness of the source's last frame: its RMS, 0.0 to 1.0 of full scale."""
        return self._capture.level(source)

    @property
    def exhausted(self) -> bool:
        """Whether ``Ended`` has been read, so that nothing more comes."""
        return super().exhausted and self._given is None

    def __iter__(self) -> Iterator[Update]:
        return self

    def __next__(self) -> Update:
        with self._at_work.waiting() as held:
            while self._given is None:
                self._turn(math.inf)
                self._take()
                if self.exhausted:
                    raise StopIteration
                held.check()
        update, self._given = self._given, None
        return update

    def poll(self) -> Update | None:
        """The next update if there is one, without waiting; None also after the last."""
        with self._at_work.waiting():
            if self._given is None:
                self._turn(-math.inf)
                self._take()
        update, self._given = self._given, None
        return update

    def wait_readable(self, timeout: float = math.inf) -> bool:
        """Wait until there is an update to ``poll``, or for ``timeout`` seconds; whether there is.

        Returns at once after the last, with False. Raises RuntimeError while another thread waits.
        """
        until = self._poller.now() + timeout
        with self._at_work.waiting() as held:
            while not (self._is_readable or self.exhausted):
                self._turn(until)
                held.check()
                if self._poller.now() >= until:
                    break
            return self._is_readable

    def sleep(self, seconds: float) -> None:
        """Let the session work for so long, whatever there is to read: in place of ``time.sleep``.

        Raises RuntimeError while another thread waits.
        """
        until = self._poller.now() + seconds
        with self._at_work.waiting() as held:
            while not self._is_over and self._poller.now() < until:
                self._turn(until, reads=False)
                held.check()
        self._poller.sleep_until(until)

    def stop(self) -> Ended:
        """Finish properly: deliver all audio, over a reconnect if it must be. The result."""
        self.request_stop()
        return self.wait()

    def wait(self) -> Ended:
        """Wait for the end, however it comes. The result."""
        with self._at_work.waiting() as held:
            while not self._is_over:
                self._turn(math.inf, reads=False)
                held.check()
        assert self.ended is not None  # noqa: S101  # a session that is over has a result
        return self.ended

    async def room(self, source: str) -> None:
        """Wait until there is room for audio of ``source``, which can wait."""
        if not self._driver.has_room(source):
            await Pause(check=partial(self._driver.has_room, source))

    def begin(self) -> None:
        """Open it; its block is entered."""
        with self._at_work.waiting():
            self._poller.open()
            for source in self._capture.sources.values():
                if isinstance(source, Worked):
                    source.use(self._work_until)
            self._guarded(self._open)

    def leave(self) -> None:
        """Abort what is not over yet, and leave nothing behind; its block is left."""
        self._at_work.end(self.abort, self._shut)

    @property
    def _is_readable(self) -> bool:
        return self._given is not None or bool(self._driver.updates)

    def _take(self) -> None:
        self._given = self._driver.updates.take()

    def _request(self, event: e.Event) -> None:
        if not self._at_work.at_once(partial(self.feed, event)):
            self._driver.post(event)

    def _open(self) -> None:
        self.feed(e.OpenRequested())
        if not self._driver.over:
            self._watch_the_network()
            self._capture.start(self._tasks)

    def _watch_the_network(self) -> None:
        if (network := self._open_news()) is not None:
            self._poller.watch(network.fileno(), self._take_news)

    def _turn(self, until: float, *, reads: bool = True) -> None:
        """Do what is due; wait for what is due next, at most until then.

        ``reads``: the caller wants an update, so there is no wait if there is one.
        """
        if not self._is_over:
            self._guarded(self._work)
            until = -math.inf if reads and self._driver.updates else min(until, self._next_moment())
            calls = self._poller.wait(until)  # a signal handler of the app may raise here
            self._guarded(partial(self._go_on, calls))
        if self._driver.ended is not None:
            self._shut()

    def _work(self) -> None:
        self._drain()
        self._tasks.run()
        if self._dial is not None and self._dial.is_busy:
            self._dial.work()

    def _go_on(self, calls: list[Callable[[], object]]) -> None:
        for call in calls:
            call()
        self._look_at_the_clock()

    def _work_until(self, check: Callable[[], bool], until: float) -> bool:
        """Let it work until ``check`` is true, or until then; whether it is over.

        It does nothing unless this thread is the one that waited last (at first, the one that
        opened it), and ends where another thread wants to wait. Raises RuntimeError in an observer
        or a source.
        """
        with self._at_work.aside() as held:
            while held and not (self._is_over or check() or self._at_work.is_wanted):
                if self._poller.now() >= until:
                    break
                self._turn(until, reads=False)
                held.check()
        return self._is_over

    def _guarded(self, work: Callable[[], None]) -> None:
        """An error of the app's dialect, or a bug, ends the session."""
        try:
            work()
        except Exception:
            self._shut()
            raise

    def _next_moment(self) -> float:
        """When there is something to do, if nothing arrives before."""
        driver, dial, tasks = self._driver, self._dial, self._tasks
        if driver.ended is not None or tasks.are_ready():
            return -math.inf
        soonest = tasks.until()
        if dial is not None:
            soonest = -math.inf if dial.is_busy else min(soonest, dial.deadline)
        deadline = driver.deadline()
        return soonest if deadline is None else min(soonest, deadline)

    def _look_at_the_clock(self) -> None:
        now, deadline = self._poller.now(), self._driver.deadline()
        if self._dial is not None and now >= self._dial.deadline:
            self._dial.time_is_up()
        if deadline is not None and now >= deadline:
            self._time_is_up(deadline)

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Wake():
                cast("Dial", self._dial).wake()
            case fx.Dial():
                pull = self._driver.pull
                self._dial = Dial(self.feed, pull, effect, self._connect, self._tasks)
                self._dial.start()
            case fx.AbortDial():
                cast("Dial", self._dial).abort()
            case fx.CloseDial(_, code):
                cast("Dial", self._dial).close(code)
            case fx.FlushSources():
                self._capture.flush()
            case fx.ReleaseSource(name):
                self._capture.close(name)
            case fx.AskCredential(request, _, refused):
                self._asking = self._tasks.start(self._ask(request, refused))
            case fx.StopAsking():
                if self._asking is not None:
                    self._asking.cancel()
            case _:
                self._store(effect)

    def _settle(self) -> None:
        """Nothing: a turn looks by itself."""

    def _watch_the_clock(self) -> None:
        """Nothing: a turn looks by itself."""

    async def _ask(self, request: int, refused: str | None) -> None:
        try:
            event = await answer(self._driver.options.credentials, request, refused)
        except KeyboardInterrupt:
            self.feed(f.ProviderFailed(request, RuntimeError("a Ctrl-C ended it")))
            raise
        self.feed(event)

    def _shut(self) -> None:
        """End the session, if it is not over, and all that belongs to it."""
        if self._is_over:
            return
        self._is_over = True
        try:
            self._leave()
        finally:
            if self._dial is not None:
                self._dial.drop()
            if self._network is not None:
                self._poller.watch(self._network.fileno())
                self._network.close()
            try:
                self._end_tasks()
            finally:
                self._poller.close()

    def _end_tasks(self) -> None:
        """Cancel them, and wait for a source that closes its device. A Ctrl-C ends that."""
        self._tasks.cancel_all()
        while len(self._tasks):
            self._tasks.run()
            if len(self._tasks) and not self._tasks.are_ready():
                until = self._tasks.until()
                for call in interruptible(partial(self._poller.wait, until)):
                    call()
