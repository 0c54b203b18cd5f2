"""The planner: recollects similar work from memory, then proposes a plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from pydantic import ValidationError

from agentmem.errors import AgentmemError, ToolError
from agentmem.graphs.context import TeamContext
from agentmem.graphs.decisions import PlanRequest, Proposal
from agentmem.graphs.events import AppliedInsight, PlanReady, SimilarTask
from agentmem.graphs.plan import Plan, PlanError
from agentmem.graphs.state import PastState, PlannerState
from agentmem.memory.experience import PastTask, PastWork, recollect
from agentmem.records import Insight, Kind, Query
from agentmem.tools.access import missing_kinds
from agentmem.tools.files import TEXT_SUFFIXES
from agentmem.tools.paths import located

PlannerGraph = CompiledStateGraph[PlannerState, TeamContext, PlannerState, PlannerState]


def build_planner() -> PlannerGraph:
    """The planner as a graph of its own: `task` in, `plan`, `origin` and `past` out."""
    graph = StateGraph(PlannerState, context_schema=TeamContext)
    graph.add_node("recollect", _recollect)
    graph.add_node("propose", _propose)
    graph.add_edge(START, "recollect")
    graph.add_edge("recollect", "propose")
    graph.add_edge("propose", END)
    return graph.compile(name="planner")


def _recollect(state: PlannerState, runtime: Runtime[TeamContext]) -> PlannerState:
    """Look for similar tasks and insights, once for a task, of the kinds that the planner may read."""
    if state.get("past") is not None:
        return {}
    access = runtime.context.access("planner")
    if missing_kinds(frozenset({Kind.QUERY}), access.reads):
        return {"past": PastState(similar=[], insights=[])}
    past = recollect(access.memory, state["task"]["text"], without_run=runtime.context.run)
    may_read_insights = not missing_kinds(frozenset({Kind.INSIGHT}), access.reads)
    return {
        "past": PastState(
            similar=[_task_state(task) for task in past.tasks],
            insights=[_insight_state(insight) for insight in past.insights] if may_read_insights else [],
        )
    }


def _propose(state: PlannerState, runtime: Runtime[TeamContext]) -> PlannerState:
    """Ask for a plan and prove that it can run here; without another plan the work is finished."""
    context, task = runtime.context, state["task"]
    tried = state.get("tried", [])
    given = Plan.model_validate(task["plan"]) if task["plan"] else None

    def refusal(plan: Plan) -> str:
        try:
            context.check_plan(plan, task["inputs"])
        except AgentmemError as error:
            return str(error)
        return ""

    past, withheld = _usable(_past(state["past"], context), context)
    request = PlanRequest(
        task=task["text"],
        inputs=task["inputs"],
        given=given,
        past=past,
        refusal=refusal,
        withheld=withheld,
        readable=_readable(context, task["inputs"]),
        tried=tuple(tried),
        failure=state.get("failure", ""),
    )
    proposal = context.planner.propose(request)
    if proposal is None:
        return {"decision": "finish"}
    context.check_plan(proposal.plan, task["inputs"])
    runtime.stream_writer(_event(state, context, proposal))
    return {
        "plan": proposal.plan.model_dump(mode="json"),
        "origin": proposal.origin,
        "reused": proposal.reused,
        "tried": [*tried, proposal.origin],
        "steps": {},
        "items": {},
        "decision": "act",
    }


def _event(state: PlannerState, context: TeamContext, proposal: Proposal) -> PlanReady:
    past = state["past"]
    return PlanReady(
        run=context.run,
        task=state["task"]["text"],
        steps=proposal.plan.steps,
        origin=proposal.origin,
        reason=proposal.reason,
        similar=tuple(SimilarTask(**task) for task in past["similar"]),
        insights=tuple(AppliedInsight(**insight) for insight in past["insights"]),
    )


def _past(past: PastState, context: TeamContext) -> PastWork:
    """The nodes that the state names, read again: the state itself holds only what is shown."""
    memory = context.memory
    similarity = {task["id"]: task["similarity"] for task in past["similar"]}
    names = [*similarity, *(insight["id"] for insight in past["insights"])]
    nodes = memory.store.fetch(memory.bank, names) if names else {}
    tasks = [PastTask(query=q, similarity=s) for i, s in similarity.items() if isinstance(q := nodes.get(i), Query)]
    insights = [n for i in past["insights"] if isinstance(n := nodes.get(i["id"]), Insight)]
    return PastWork(tasks=tuple(tasks), insights=tuple(insights))


def _usable(past: PastWork, context: TeamContext) -> tuple[PastWork, dict[str, str]]:
    """Past work without the plans that must not run here, and for each of these why not, by the Query's id."""
    tasks: list[PastTask] = []
    withheld: dict[str, str] = {}
    for task in past.tasks:
        query = task.query
        if query.plan and (why := _withheld(query, context)):
            withheld[query.id] = why
            task = replace(task, query=replace(query, plan=""))
        tasks.append(task)
    return replace(past, tasks=tuple(tasks)), withheld


def _withheld(query: Query, context: TeamContext) -> str:
    """Why a plan from memory is shown and not run; empty if it may run.

    Whoever wrote a memory wrote its plans. So a plan runs only if it is this team's own, and then with no other
    tools than the workflow at hand names. Nothing of it is read before that is known.
    """
    if query.trust < 1:
        return "it is less trusted than what the team did itself"
    if not context.own_run(query):
        return "it is no run of this team's own, or not as this team did it"
    try:
        plan = Plan.model_validate_json(query.plan)
    except (ValidationError, PlanError):
        return "it was written by a version that planned otherwise"
    return next((why for step in plan.steps if step.tool and (why := context.unasked(step.tool))), "")


def _readable(context: TeamContext, inputs: dict[str, Any]) -> tuple[str, ...]:
    """Inputs that name a folder or a text file, if the executor is expressly given `read_files` and `remember`."""
    granted = context.settings("executor").tools or ()
    if not {"read_files", "remember"} <= set(granted):
        return ()
    tools = context.tool_context("executor")
    found = []
    for name, value in inputs.items():
        if not isinstance(value, str) or not name.isidentifier():
            continue
        try:
            context.tool("remember")
            with located(tools, value) as place:
                is_readable = place.is_folder or (
                    place.is_file and PurePath(place.name).suffix.lower() in TEXT_SUFFIXES
                )
        except (ToolError, PlanError):
            continue  # a text that is no path within the folder, or an executor that may not write
        if is_readable:
            found.append(name)
    return tuple(found)


def _task_state(task: PastTask) -> dict[str, Any]:
    query = task.query
    return {
        "id": query.id,
        "text": query.text,
        "outcome": query.outcome,
        "similarity": task.similarity,
        "run": query.run_id,
    }


def _insight_state(insight: Insight) -> dict[str, Any]:
    return {"id": insight.id, "text": insight.text, "score": insight.score, "lesson": insight.lesson}
