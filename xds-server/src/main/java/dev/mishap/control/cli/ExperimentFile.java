package dev.mishap.control.cli;

import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.RuleReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/** Reads the one experiment of a file. */
final class ExperimentFile {
    private ExperimentFile() {}

    /**
     * Reads and checks.
     *
     * @throws IllegalArgumentException with every problem on a line of its own
     */
    static Experiment load(Path file, Map<String, String> environment) throws IOException {
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": no such file");
        }
        RuleReader.Result result = RuleReader.read(text, file.toString());
        if (!result.ok()) {
            throw new IllegalArgumentException(result.problems().stream().map(Problem::toString).collect(Collectors.joining("\n")));
        }
        if (result.experiments().size() != 1) {
            throw new IllegalArgumentException(file + ": expected exactly one Experiment, found " + result.experiments().size());
        }
        return result.experiments().get(0);
    }
}
