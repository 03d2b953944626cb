package dev.mishap.control.experiment;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.RuleWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/** The bodies of requests to the rules API. */
final class RuleDocuments {
    private RuleDocuments() {}

    static String rule(FaultRule rule) {
        return DocumentText.jsonLine(RuleWriter.write(rule));
    }

    /** An observer of all of a proxy's requests, and of those in the experiment's cohort. */
    static String observer(Experiment experiment) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("experimentId", experiment.id());
        FaultRule rule = experiment.rules(experiment.targets().get(0), null).get(0);
        if (RuleWriter.write(rule).get("spec") instanceof Map<?, ?> spec
                && spec.get("scope") instanceof Map<?, ?> scope
                && scope.get("cohort") instanceof Map<?, ?> cohort) {
            body.put("cohort", cohort);
        }
        return DocumentText.jsonLine(body);
    }
}
