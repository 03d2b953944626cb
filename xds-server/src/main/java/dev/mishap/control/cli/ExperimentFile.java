package dev.mishap.control.cli;

import dev.mishap.control.Failures;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.importer.RuleFiles;
import dev.mishap.rules.yaml.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The one experiment of a file.
 *
 * @param notes what the user should know of its translation from another tool's format
 */
record ExperimentFile(Experiment experiment, List<String> notes) {
    /**
     * Reads and checks.
     *
     * @param environment values in the place of those that a Litmus file sets
     * @throws IllegalArgumentException with every problem on a line of its own
     */
    static ExperimentFile load(Path file, Map<String, String> environment) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": " + Failures.text(e), e);
        }
        ImportResult result = RuleFiles.read(text, file.toString(), environment);
        if (result instanceof ImportResult.Refused refused) {
            throw new IllegalArgumentException(
                    refused.problems().stream().map(Problem::toString).collect(Collectors.joining("\n")));
        }
        ImportResult.Imported imported = (ImportResult.Imported) result;
        if (imported.experiments().size() != 1 || !imported.rules().isEmpty()) {
            throw new IllegalArgumentException(file + ": expected exactly one experiment, found "
                    + imported.experiments().size() + " and " + imported.rules().size() + " rules");
        }
        return new ExperimentFile(imported.experiments().get(0), imported.notes());
    }
}
