package dev.mishap.rules.yaml;

import dev.mishap.rules.CohortKey;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Tag;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Injection;
import dev.mishap.rules.experiment.RollbackTrigger;
import dev.mishap.rules.experiment.Slo;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.schedule.Ramp;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** As {@link Builder}, for experiments. */
final class ExperimentBuilder extends Builder {
    ExperimentBuilder(Problems problems) {
        super(problems);
    }

    @Nullable
    Experiment experiment(Tree document) {
        Tree metadata = here(document, "metadata");
        Tree spec = here(document, "spec");
        List<Injection> injections = injections(spec);
        List<Slo> slos = slos(spec);
        Tree cohort = spec.get("cohort");
        CohortKey key = key(cohort == null ? null : cohort.get("key"));
        Ramp ramp = ramp(spec.get("ramp"));
        Tag tag = tag(spec.get("tag"), new Tag(null, true));
        Experiment.Baseline baseline = baseline(spec.get("baseline"));
        Experiment.AutoRollback rollback = autoRollback(spec.get("autoRollback"));
        Experiment.Recovery recovery = recovery(spec.get("recovery"));
        int polls = integer(spec.get("breachPolls"), Experiment.DEFAULT_BREACH_POLLS, 1);
        Tree override = spec.get("override");
        String name = text(metadata, "name");
        String given = spec.textOf("id");
        String id = given == null ? name : given;
        String cohortSeed = cohort == null ? null : cohort.textOf("seed");
        String hypothesis = spec.textOf("hypothesis");
        Tree radius = spec.get("blastRadius");
        try {
            return new Experiment(
                    id,
                    name,
                    metadata.textOf("namespace"),
                    labels(metadata),
                    hypothesis == null ? "" : hypothesis,
                    injections,
                    percentage(radius, Experiment.DEFAULT_BLAST_RADIUS),
                    override == null ? null : text(override, "reason"),
                    key,
                    cohortSeed == null ? id : cohortSeed,
                    seed(spec),
                    duration(spec.get("duration"), Experiment.DEFAULT_DURATION),
                    ramp,
                    baseline,
                    slos,
                    rollback,
                    recovery,
                    duration(spec.get("poll"), Experiment.DEFAULT_POLL),
                    polls,
                    tag);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            problems.add(place(spec, message), message);
            return null;
        }
    }

    /** Where the field stands that a message begins with; the spec itself when it is not in the file. */
    private static Tree place(Tree spec, String message) {
        Tree place = spec;
        int space = message.indexOf(' ');
        for (String field : message.substring(0, Math.max(0, space)).split("\\.", -1)) {
            Tree next = place.kind() == Tree.Kind.MAP ? place.get(field) : null;
            if (next == null) {
                break;
            }
            place = next;
        }
        return place;
    }

    private List<Injection> injections(Tree spec) {
        List<String> targets = spec.itemsOf("targets").stream().map(Tree::text).toList();
        Set<String> used = new LinkedHashSet<>();
        List<Injection> injections = new ArrayList<>();
        for (Tree each : spec.itemsOf("faults")) {
            String target = each.textOf("target");
            if (target == null && targets.size() == 1) {
                target = targets.get(0);
            }
            if (target == null) {
                problems.add(each, "field 'target' is missing; it may be left out only when spec.targets has one name");
                continue;
            }
            if (!targets.isEmpty() && !targets.contains(target)) {
                problems.add(here(each, "target"), "'" + target + "' is not among spec.targets");
            }
            used.add(target);
            Scope scope = scope(each.get("scope"));
            Fault fault = fault(here(each, "fault"));
            if (fault != null) {
                String service = target;
                Injection injection = problems.attempt(
                        each,
                        () -> new Injection(
                                service, scope, percentage(each.get("percentage"), Percentage.FULL), fault));
                if (injection != null) {
                    injections.add(injection);
                }
            }
        }
        for (Tree target : spec.itemsOf("targets")) {
            if (!used.contains(target.text())) {
                problems.add(target, "no fault acts on '" + target.text() + "'");
            }
        }
        return injections;
    }

    private List<Slo> slos(Tree spec) {
        List<Slo> slos = new ArrayList<>();
        for (Tree each : spec.itemsOf("slos")) {
            Slo slo = problems.attempt(
                    each,
                    () -> each.kind() == Tree.Kind.TEXT
                            ? Slo.parse(each.text())
                            : Slo.of(
                                    text(each, "metric"),
                                    text(each, "comparator"),
                                    text(each, "threshold"),
                                    each.textOf("query")));
            if (slo != null) {
                slos.add(slo);
            }
        }
        return slos;
    }

    private Experiment.Baseline baseline(@Nullable Tree tree) {
        Experiment.Baseline usual = Experiment.Baseline.DEFAULT;
        if (tree == null) {
            return usual;
        }
        int requests = integer(tree.get("minRequests"), usual.minRequests(), 1);
        Experiment.Baseline made = problems.attempt(
                tree, () -> new Experiment.Baseline(duration(tree.get("duration"), usual.duration()), requests));
        return made == null ? usual : made;
    }

    private Experiment.AutoRollback autoRollback(@Nullable Tree tree) {
        Experiment.AutoRollback usual = Experiment.AutoRollback.DEFAULT;
        if (tree == null) {
            return usual;
        }
        Set<RollbackTrigger> on = new LinkedHashSet<>();
        tree.itemsOf("on").forEach(t -> on.add(RollbackTrigger.valueOf(t.text())));
        Experiment.AutoRollback made = problems.attempt(
                tree,
                () -> new Experiment.AutoRollback(
                        tree.get("on") == null ? usual.on() : on, duration(tree.get("timeout"))));
        return made == null ? usual : made;
    }

    private Experiment.Recovery recovery(@Nullable Tree tree) {
        Experiment.Recovery usual = Experiment.Recovery.DEFAULT;
        if (tree == null) {
            return usual;
        }
        Experiment.Recovery made = problems.attempt(
                tree,
                () -> new Experiment.Recovery(
                        duration(tree.get("for"), usual.steadyFor()), duration(tree.get("within"), usual.within())));
        return made == null ? usual : made;
    }
}
