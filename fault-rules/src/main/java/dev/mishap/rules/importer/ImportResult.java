package dev.mishap.rules.importer;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.yaml.Problem;
import java.util.List;

/** What a file holds, or why it was refused. */
public sealed interface ImportResult {
    /**
     * All of the file.
     *
     * @param notes what the user should know of the translation: fields without a meaning here, differences in effect
     */
    record Imported(List<FleetRule> fleetRules, List<Experiment> experiments, List<String> notes)
            implements ImportResult {
        public Imported {
            fleetRules = List.copyOf(fleetRules);
            experiments = List.copyOf(experiments);
            notes = List.copyOf(notes);
        }

        /** The rules without what only a control plane reads. */
        public List<FaultRule> rules() {
            return fleetRules.stream().map(FleetRule::rule).toList();
        }
    }

    /** Nothing of the file. */
    record Refused(List<Problem> problems) implements ImportResult {
        public Refused {
            problems = List.copyOf(problems);
        }
    }
}
