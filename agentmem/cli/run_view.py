"""How a run is shown while it happens, and what is told of it in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any, Final

from agentmem.cli import output
from agentmem.cli.wording import citation, count, duration, plain
from agentmem.display import one_line
from agentmem.graphs.events import (
    CheckResult,
    Finished,
    ItemFinished,
    Learned,
    PlanReady,
    Repeated,
    StepFinished,
    StepStarted,
    TeamEvent,
    TeamResult,
    Verdict,
)
from agentmem.records import OperationType
from agentmem.stores import JournalFilter

if TYPE_CHECKING:
    from agentmem.graphs.plan import PlanStep
    from agentmem.workflow import WorkflowRun

_MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
    "stopped": ("■", "yellow"),
}
_ORIGINS: Final[Mapping[str, str]] = {
    "given": "given by the workflow",
    "reused": "taken over from a similar task of the past",
    "recall": "answer from memory",
}
_LONGEST_ANSWER: Final = 10_000
"""Characters of an answer that a terminal shows."""
_SHOWN_ANSWERS: Final = 20
_SHOWN_CITATIONS: Final = 12
_SHOWN_LEARNED: Final = 12
_TELLING: Final = frozenset({"UPDATE", "DELETE", "RETIRE", "EVOLVE"})


class RunView:
    """Shows one run: live on a terminal, one line for each event when piped, nothing at all if `quiet`."""

    def __init__(self, active: WorkflowRun, *, quiet: bool) -> None:
        self._active = active
        self._quiet = quiet
        self._running: dict[str, str] = {}
        self._verdicts: dict[str, Counter[str]] = {}
        self._steps_titled = False

    def follow(self) -> TeamResult:
        """Do the work to its end and show it."""
        self._opening()
        with output.progress(not self._quiet) as tell:
            for event in self._active.events():
                if isinstance(event, Finished):
                    result = event.result
                elif self._quiet:
                    if isinstance(event, Repeated):  # the JSON has no place for it
                        output.remark(f"{event.id}: {_repeated(event)}")
                else:
                    self._show(event)
                    tell(self._current())
        if not self._quiet:
            self._ending(result)
        elif result.status != "done":  # the JSON says that, but not why
            advice = f" {self._advice(result)}" if result.status == "stopped" else ""
            output.remark(f"{result.status}: {result.reason}{advice}")
        return result

    def _opening(self) -> None:
        if self._quiet:
            return
        active = self._active
        output.say(one_line(active.job.spec.name), "bold")
        rows = [("run   ", active.run), ("memory", f"{active.memory.store.url}, bank {one_line(active.memory.bank)}")]
        if active.over:
            rows.append(("over", "this run has ended: nothing is done again"))
        elif active.resumed:
            rows.append(("resumed", "finished steps are not repeated"))
        output.columns(rows, styles=("dim",))

    def _current(self) -> str:
        return ", ".join(f"{step} {detail}".strip() for step, detail in self._running.items())

    @singledispatchmethod
    def _show(self, event: TeamEvent) -> None:
        raise TypeError(f"no way to show a {type(event).__name__}")

    @_show.register
    def _(self, event: PlanReady) -> None:
        output.columns([("task  ", event.task)], styles=("dim",))
        if event.similar or event.insights:
            output.heading("From earlier runs")
        rows = [
            ("similar", f"{one_line(past.text)} ({past.outcome}, {past.similarity:.0%} alike, {past.run})")
            for past in event.similar
        ]
        for insight in event.insights:
            rows.append(("avoid" if insight.lesson else "apply", f"{one_line(insight.text)} (score {insight.score})"))
        output.columns(rows, styles=("cyan",))
        output.heading(f"Plan: {_ORIGINS.get(event.origin, event.origin)}")
        if event.reason and event.origin != "given":
            output.say(event.reason, "dim", indent=2)
        output.columns([_step_row(step) for step in event.steps], styles=("bold", "", "dim"))
        self._steps_titled = False

    @_show.register
    def _(self, event: StepStarted) -> None:
        items = f"0/{event.items}" if event.items is not None else ""
        self._running[event.id] = items

    @_show.register
    def _(self, event: ItemFinished) -> None:
        done = int((self._running.get(event.id) or "0/").partition("/")[0]) + 1
        self._running[event.id] = f"{done}/{event.items}"

    @_show.register
    def _(self, event: Repeated) -> None:
        self._line("↻", "yellow", event.id, _repeated(event))

    @_show.register
    def _(self, event: StepFinished) -> None:
        self._running.pop(event.id, None)
        mark, style = _MARKS.get(event.status, ("?", ""))
        tries = f", {event.attempts} attempts" if event.attempts > 1 else ""
        size = f"{count(len(event.output), 'item')}, " if isinstance(event.output, list) else ""
        told = event.detail or f"{size}{duration(event.seconds)}{tries}"
        verdicts = self._verdicts.pop(event.id, Counter())
        judged = ", as expected" if set(verdicts) == {"as expected"} and event.status == "done" else ""
        self._line(mark, style, event.id, told + judged)
        for verdict, number in verdicts.items():
            if verdict != "as expected" and not (event.detail and event.detail in verdict):
                times = f" ({count(number, 'time')})" if number > 1 else ""
                self._line("", "", "", ("some items: " if len(verdicts) > 1 else "") + verdict + times)

    @_show.register
    def _(self, event: Verdict) -> None:
        said = f"{event.verdict}: {event.reason}" if event.reason else event.verdict
        if event.id and event.action == "go on":
            self._verdicts.setdefault(event.id, Counter())[said] += 1  # told with the step when it is over
        elif event.action != "finish":  # how it ended is told in the end
            self._line("↻", "yellow", event.id or "the run", f"{said}; {event.action}")

    @_show.register
    def _(self, event: CheckResult) -> None:
        pass  # told together in the end

    @_show.register
    def _(self, event: Learned) -> None:
        pass  # told together in the end

    def _line(self, mark: str, style: str, name: str, text: str) -> None:
        if not self._steps_titled:
            output.heading("Steps")
            self._steps_titled = True
        output.columns([(mark, f"{name:<12}", text)], styles=(style, "bold"))

    def _ending(self, result: TeamResult) -> None:
        if self._active.over:
            for step in result.steps:
                mark, style = _MARKS.get(step.status, ("?", ""))
                self._line(mark, style, step.id, step.detail or duration(step.seconds))
        if result.answer not in (None, "", [], {}):
            output.heading("Answer")
            output.say(_answer(result.answer), indent=2)
        self._questions(result)
        self._sources(result)
        self._checks(result)
        self._learned(result)
        usage = result.usage
        cost = f"{usage.tokens:,} tokens, ${usage.usd:.2f}" if usage.tokens or usage.usd else "no model, no cost"
        output.say()
        _, style = _MARKS.get(result.status, ("", ""))
        reason = f": {result.reason}" if result.reason else ""
        output.say(f"{result.status}{reason}", style)
        if result.status == "stopped":
            output.say(self._advice(result), "dim")
        output.say(f"{duration(usage.seconds)}, {count(usage.steps, 'step execution')}, {cost}", "dim")

    def _advice(self, result: TeamResult) -> str:
        """How to go on after a limit stopped the run."""
        limit, where = result.reason.partition(":")[0], self._active.job.file or "the workflow"
        return f"To go on, raise {limit} in {where} and run it again. What was remembered so far is kept."

    def _checks(self, result: TeamResult) -> None:
        if not result.checks:
            return
        output.heading("Checks")
        for check in result.checks:
            mark, style = _MARKS["done" if check.passed else "failed"]
            said = check.name if check.passed else f"{check.name}: {check.detail}"
            output.columns([(mark, one_line(said))], styles=(style,))

    def _questions(self, result: TeamResult) -> None:
        """What steps answered besides the run's own answer, with the numbers of the sources."""
        answers = [
            answer for step in result.steps for answer in _answers(step.output) if answer["answer"] != result.answer
        ]
        if not answers:
            return
        numbers = {cited.get("id"): number for number, cited in enumerate(result.citations, start=1)}
        output.heading("Questions")
        for answer in answers[:_SHOWN_ANSWERS]:
            marks = "".join(f" [{numbers[c['id']]}]" for c in answer.get("citations") or () if c.get("id") in numbers)
            output.say(one_line(str(answer["question"])), indent=2)
            output.say(
                f"{one_line(str(answer['answer']))}{marks}", "green" if answer.get("known") else "yellow", indent=4
            )
        if len(answers) > _SHOWN_ANSWERS:
            output.say(f"and {len(answers) - _SHOWN_ANSWERS} more", "dim", indent=2)

    def _sources(self, result: TeamResult) -> None:
        if not result.citations:
            return
        output.heading("Sources")
        for number, cited in enumerate(result.citations[:_SHOWN_CITATIONS], start=1):
            text, origin = citation(cited)
            output.columns([(f"[{number}]", f"{output.shortened(text, 160)}  ({origin})")], styles=("cyan",))
        more = len(result.citations) - _SHOWN_CITATIONS
        if more > 0:
            output.say(f"and {more} more", "dim", indent=2)

    def _learned(self, result: TeamResult) -> None:
        if not result.learned:
            return
        counted = Counter((entry.op, entry.kind) for entry in result.learned)
        output.heading("Learned")
        output.say(
            ", ".join(f"{number} {op} {kind}" for (op, kind), number in sorted(counted.items())), "dim", indent=2
        )
        telling = [entry for entry in result.learned if entry.kind == "Insight" or entry.op in _TELLING]
        before = self._superseded(result.run)
        rows = [
            (entry.op, entry.kind, output.shortened(entry.text, 200) + before.get(entry.id, ""))
            for entry in telling[:_SHOWN_LEARNED]
        ]
        output.columns(rows, styles=("bold", "dim"))
        if len(telling) > _SHOWN_LEARNED:
            output.say(f"and {len(telling) - _SHOWN_LEARNED} more: agentmem log --run {result.run}", "dim", indent=2)

    def _superseded(self, run: str) -> dict[str, str]:
        """What stood where the run's updates stand now, by the id of what is new."""
        memory = self._active.memory
        updates = memory.log(JournalFilter(run_id=run, ops=frozenset({OperationType.UPDATE})))
        former = memory.store.fetch(memory.bank, [entry.supersedes for entry in updates if entry.supersedes])
        return {
            entry.id: f"  (before: {output.shortened(former[entry.supersedes].text, 120)})"
            for entry in updates
            if entry.supersedes in former
        }


def _repeated(event: Repeated) -> str:
    item = "" if event.index is None else f"item {event.index + 1} "
    return f"{item}was in flight when the run was cut off, and is done again: {event.call}"


def _answer(value: Any) -> str:
    """The answer; on a terminal only the beginning of a very long one."""
    text = plain(value)
    if not output.is_terminal() or len(text) <= _LONGEST_ANSWER:
        return text
    return f"{text[:_LONGEST_ANSWER]} … and so on: {len(text):,} characters, all of them with --json"


def _answers(value: Any) -> Iterator[Mapping[str, Any]]:
    """Outputs of the answer tool in the output of a step."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping) and {"question", "answer", "citations"} <= item.keys():
            yield item


def _step_row(step: PlanStep) -> tuple[str, str, str]:
    what = step.tool or "goal"
    details = [f"for each of {step.for_each}" if isinstance(step.for_each, str) else ""]
    if isinstance(step.for_each, list):
        details = [f"for each of {count(len(step.for_each), 'item')}"]
    if step.goal:
        details.insert(0, step.goal)
    if step.needs:
        details.append(f"after {', '.join(step.needs)}")
    if step.when is not None:
        details.append(f"when {step.when}")
    return step.id, what, ", ".join(filter(None, details))
