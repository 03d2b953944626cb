package dev.mishap.proxy.rules;

import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.rules.FaultRule;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How one rule marks the requests that it touches, made when the rule is installed.
 *
 * @param value the experiment's id, or the rule's name when it belongs to none
 * @param metadata dynamic metadata of the namespace {@code mishap}
 * @param responseHeader the response header that gets {@code value}, or null
 * @param baggage whether {@code value} is added to the upstream request's baggage
 * @param touched {@code mishap.experiment.<id>.touched}
 */
public record RuleTag(
        String value,
        Map<String, Object> metadata,
        @Nullable HeaderName responseHeader,
        boolean baggage,
        Counter touched) {
    /** The same for a dry run: under other keys, since nothing happens to the request. */
    Map<String, Object> dryMetadata() {
        return Map.of(
                "dry_run",
                metadata.get("rule"),
                "dry_run_experiment",
                metadata.get("experiment"),
                "dry_run_fault",
                metadata.get("fault"));
    }

    /** The namespace of the dynamic metadata. */
    public static final String METADATA_NAMESPACE = "mishap";

    static RuleTag of(FaultRule rule, Counter touched) {
        String header = rule.tag().responseHeader();
        return new RuleTag(
                rule.tagValue(),
                Map.of(
                        "experiment",
                        rule.tagValue(),
                        "rule",
                        rule.name(),
                        "fault",
                        rule.fault().kind().field()),
                header == null ? null : HeaderName.unshared(header),
                rule.tag().baggage(),
                touched);
    }
}
