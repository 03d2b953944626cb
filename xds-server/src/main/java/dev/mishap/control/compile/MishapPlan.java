package dev.mishap.control.compile;

import dev.mishap.control.xds.Resource;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Faults for our own proxies: whole rules. */
final class MishapPlan {
    private final BaseShape base;
    private final Duration timeToLive;
    private final Map<String, Verdict> verdicts;
    private final Map<String, Resource> resources;

    MishapPlan(BaseShape base, Duration timeToLive, Map<String, Verdict> verdicts, Map<String, Resource> resources) {
        this.base = base;
        this.timeToLive = timeToLive;
        this.verdicts = verdicts;
        this.resources = resources;
    }

    NodePlan plan(List<ActiveRule> rules) {
        return NodePlan.NONE;
    }
}
