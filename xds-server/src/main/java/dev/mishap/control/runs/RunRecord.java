package dev.mishap.control.runs;

import dev.mishap.control.store.Bytes;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.yaml.DocumentText;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run of an experiment, without its report.
 *
 * @param name tells runs apart within a namespace
 * @param experiment what was run
 * @param phases that it has gone through, each with its beginning by the server's clock; the last is the present one
 * @param updated when its runner was last heard of
 * @param by who runs it
 * @param from where the runner calls from
 * @param verdict null = there is none yet
 */
public record RunRecord(
        String namespace,
        String name,
        Experiment experiment,
        List<Step> phases,
        Instant updated,
        String by,
        String from,
        @Nullable Verdict verdict) {
    /** A runner tells that it lives every 15 s; one that has not for so long is lost. */
    public static final Duration LOST_AFTER = Duration.ofSeconds(60);

    private static final int SCHEMA = 1;
    private static final int MAX_TEXT = 1000;
    private static final JsonMapper JSON = new JsonMapper();

    /** Where a run stands. */
    public enum Phase {
        BASELINE,
        INJECTION,
        RECOVERY,
        DONE;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** @throws IllegalArgumentException naming those there are */
        public static Phase parse(String word) {
            for (Phase phase : values()) {
                if (phase.word().equals(word)) {
                    return phase;
                }
            }
            throw new IllegalArgumentException("expected baseline, injection, recovery or done, found '" + word + "'");
        }
    }

    /** When a phase began. */
    public record Step(Phase phase, Instant at) {}

    /** What was run. */
    public record Experiment(String id, String name, String hypothesis) {
        public Experiment {
            FaultRule.requireName("experiment.id", id, 128);
            FaultRule.requireName("experiment.name", name, 253);
            requireShort("experiment.hypothesis", hypothesis);
        }
    }

    /** What it came to. @param recovered null = it did not get so far */
    public record Verdict(
            int exitCode,
            String reason,
            String explanation,
            @Nullable Boolean recovered) {
        public Verdict {
            requireShort("verdict.reason", reason);
            requireShort("verdict.explanation", explanation);
        }
    }

    public RunRecord {
        FleetRule.requireNamespace(namespace);
        FaultRule.requireName("name", name, 128);
        phases = List.copyOf(phases);
        if (phases.isEmpty()) {
            throw new IllegalArgumentException("a run is in some phase");
        }
    }

    private static void requireShort(String field, String text) {
        if (text.length() > MAX_TEXT) {
            throw new IllegalArgumentException(field + " must have at most " + MAX_TEXT + " characters");
        }
    }

    public Instant started() {
        return phases.get(0).at();
    }

    public Phase phase() {
        return phases.get(phases.size() - 1).phase();
    }

    /** Null = it is not over. */
    public @Nullable Instant ended() {
        return phase() == Phase.DONE ? phases.get(phases.size() - 1).at() : null;
    }

    /** Whether its runner has gone without a word. */
    public boolean lost(Instant now) {
        return phase() != Phase.DONE && now.isAfter(updated.plus(LOST_AFTER));
    }

    /** {@code namespace/name}. */
    public String key() {
        return namespace + '/' + name;
    }

    Bytes bytes() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("schemaVersion", SCHEMA);
        map.put("experiment", experiment.id());
        map.put("experimentName", experiment.name());
        map.put("hypothesis", experiment.hypothesis());
        List<Object> steps = new ArrayList<>();
        phases.forEach(step ->
                steps.add(Map.of("phase", step.phase().word(), "at", step.at().toString())));
        map.put("phases", steps);
        map.put("updated", updated.toString());
        map.put("by", by);
        map.put("from", from);
        Verdict its = verdict;
        if (its != null) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("exitCode", its.exitCode());
            told.put("reason", its.reason());
            told.put("explanation", its.explanation());
            Boolean recovered = its.recovered();
            if (recovered != null) {
                told.put("recovered", recovered);
            }
            map.put("verdict", told);
        }
        return Bytes.utf8(DocumentText.jsonLine(map));
    }

    /** @param key {@code namespace/name} */
    static RunRecord read(String key, Bytes value) {
        JsonNode node = JSON.readTree(value.utf8());
        if (node.path("schemaVersion").asInt(0) != SCHEMA) {
            throw new IllegalArgumentException("it was written by another version");
        }
        int slash = key.indexOf('/');
        List<Step> steps = new ArrayList<>();
        node.path("phases")
                .forEach(step -> steps.add(new Step(
                        Phase.parse(step.path("phase").asString("")),
                        Instant.parse(step.path("at").asString("")))));
        JsonNode verdict = node.get("verdict");
        return new RunRecord(
                key.substring(0, slash),
                key.substring(slash + 1),
                new Experiment(
                        node.path("experiment").asString(""),
                        node.path("experimentName").asString(""),
                        node.path("hypothesis").asString("")),
                steps,
                Instant.parse(node.path("updated").asString("")),
                node.path("by").asString(""),
                node.path("from").asString(""),
                verdict == null
                        ? null
                        : new Verdict(
                                verdict.path("exitCode").asInt(0),
                                verdict.path("reason").asString(""),
                                verdict.path("explanation").asString(""),
                                verdict.has("recovered")
                                        ? (Boolean) verdict.path("recovered").asBoolean()
                                        : null));
    }
}
