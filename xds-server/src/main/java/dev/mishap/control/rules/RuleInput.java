package dev.mishap.control.rules;

import dev.mishap.control.Failures;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.importer.RuleFiles;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.text.RuleSyntaxException;
import dev.mishap.rules.yaml.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** Where rules and experiments come from: a file in any known format, standard input, or a line. */
public record RuleInput(String name, ImportResult result) {
    /** Far more than the reader takes, so that it is the one that says so. */
    private static final int MAX_BYTES = 8 << 20;

    /**
     * Reads a file; {@code -} is {@code standardInput}.
     *
     * @throws IllegalArgumentException when it cannot be read
     */
    public static RuleInput file(String file, InputStream standardInput) {
        try {
            if (file.equals("-")) {
                return text(standardInput.readNBytes(MAX_BYTES), "<stdin>");
            }
            try (InputStream in = Files.newInputStream(Path.of(file))) {
                return text(in.readNBytes(MAX_BYTES), file);
            }
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(file + ": can't be a path here: " + e.getReason(), e);
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": " + Failures.text(e), e);
        }
    }

    private static RuleInput text(byte[] bytes, String name) throws CharacterCodingException {
        String text = StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
        return new RuleInput(name, RuleFiles.readForFleet(text, name));
    }

    /** Reads the one-line form. */
    public static RuleInput line(String line, int number) {
        try {
            FaultRule rule = RuleLine.parse(line, "fault-" + number);
            return new RuleInput(
                    "--fault", new ImportResult.Imported(List.of(FleetRule.of(rule)), List.of(), List.of()));
        } catch (RuleSyntaxException e) {
            return new RuleInput(
                    "--fault",
                    new ImportResult.Refused(
                            List.of(new Problem("--fault", 1, e.column(), "", String.valueOf(e.getMessage())))));
        }
    }
}
