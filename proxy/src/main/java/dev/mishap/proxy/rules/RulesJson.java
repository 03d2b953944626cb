package dev.mishap.proxy.rules;

import dev.mishap.proxy.rules.RuleStore.LeaseView;
import dev.mishap.proxy.rules.RuleStore.ObserverView;
import dev.mishap.rules.RuleStatus;
import dev.mishap.rules.Suppression;
import dev.mishap.rules.yaml.RuleWriter;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The answers of the rules API as maps and lists; docs/rules-api.md. */
final class RulesJson {
    private RulesJson() {}

    static Map<String, Object> rule(RuleView view) {
        Map<String, Object> json = new LinkedHashMap<>(RuleWriter.write(view.rule()));
        Map<String, Object> status = new LinkedHashMap<>();
        status.put("source", view.origin().name().toLowerCase(Locale.ROOT));
        if (view.place() != null) {
            status.put("place", view.place());
        }
        status.put("active", view.active());
        if (view.killed()) {
            status.put("killed", true);
        }
        if (view.lease() != null) {
            status.put("lease", view.lease());
        }
        if (view.expiresInMillis() >= 0) {
            status.put("expiresInMillis", view.expiresInMillis());
        }
        if (view.dryRun()) {
            status.put("dryRun", true);
        }
        counts(view.status(), status);
        json.put("status", status);
        return json;
    }

    static void counts(RuleStatus counts, Map<String, Object> into) {
        into.put("scoped", counts.scoped());
        into.put("cohort", counts.cohort());
        into.put("drawn", counts.drawn());
        into.put("touched", counts.touched());
        into.put("wouldTouch", counts.wouldTouch());
        into.put("activeFaults", counts.activeFaults());
        Map<String, Object> suppressed = new LinkedHashMap<>();
        for (Suppression cause : Suppression.values()) {
            suppressed.put(cause.field(), RuleCounts.count(counts, cause));
        }
        into.put("suppressed", suppressed);
    }

    static Map<String, Object> rules(List<RuleView> views) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rules", views.stream().map(RulesJson::rule).toList());
        return json;
    }

    /** The rules that are in place; what keeps them from acting, if anything does. */
    static Map<String, Object> rules(List<RuleView> views, KillSwitch kill) {
        Map<String, Object> json = new LinkedHashMap<>();
        if (kill.isOn()) {
            json.put("kill", kill(kill));
        }
        json.putAll(rules(views));
        return json;
    }

    static Map<String, Object> kill(KillSwitch kill) {
        Map<KillSwitch.Cause, Instant> causes = kill.causes();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("killed", !causes.isEmpty());
        Map<String, Object> since = new LinkedHashMap<>();
        causes.forEach((cause, when) -> since.put(cause.field(), when.toString()));
        json.put("causes", since);
        String file = kill.file();
        if (file != null) {
            json.put("file", file);
        }
        return json;
    }

    static Map<String, Object> deleted(List<RuleView> views) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("deleted", views.size());
        json.putAll(rules(views));
        return json;
    }

    /** What a request for several rules leaves alone, being of the configuration, is told beside what it ended. */
    static Map<String, Object> deleted(List<RuleView> views, List<RuleView> left) {
        Map<String, Object> json = deleted(views);
        if (!left.isEmpty()) {
            json.put(
                    "left",
                    left.stream()
                            .map(view -> Map.of("name", view.rule().name(), "place", String.valueOf(view.place())))
                            .toList());
        }
        return json;
    }

    static Map<String, Object> lease(LeaseView view) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", view.id());
        json.put("expiresInMillis", view.expiresInMillis());
        json.put("rules", view.rules());
        json.put("observers", view.observers());
        return json;
    }

    static Map<String, Object> observer(ObserverView view) {
        Observer observer = view.observer();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", observer.definition().name());
        String experiment = observer.definition().experimentId();
        if (experiment != null) {
            json.put("experimentId", experiment);
        }
        json.put("lease", view.lease());
        json.put("expiresInMillis", view.expiresInMillis());
        json.put("all", observer.allJson());
        json.put("cohort", observer.cohortJson());
        return json;
    }

    static Map<String, Object> problem(RulesProblem problem) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("type", "about:blank");
        json.put("title", problem.getMessage());
        json.put("status", problem.status());
        json.put("errors", problem.errors().stream().map(RulesJson::field).toList());
        return json;
    }

    private static Map<String, Object> field(RulesProblem.Field field) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("field", field.field());
        json.put("problem", field.problem());
        return json;
    }
}
