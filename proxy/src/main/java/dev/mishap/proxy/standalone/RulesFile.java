package dev.mishap.proxy.standalone;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.RuleReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file of rules that may change while it is used, in place or by a rename (as editors and mounted ConfigMaps do it). It is read
 * whole at every look, since neither its time nor its size tells a quick second change.
 */
final class RulesFile {
    private static final long MAX_BYTES = 1 << 20;

    private final Path path;
    private byte @Nullable [] seen;

    RulesFile(Path path) {
        this.path = path;
    }

    /** What a look at the file found: rules, or what is wrong with them. */
    record Content(List<FaultRule> rules, List<String> problems) {}

    /** Reads the file; null when it is as it was at the last look. */
    @Nullable
    Content look() {
        byte[] bytes;
        try {
            if (Files.size(path) > MAX_BYTES) {
                return changed(new byte[0], List.of(), List.of(path + ": is larger than 1 MiB"));
            }
            bytes = Files.readAllBytes(path);
        } catch (IOException e) {
            return changed(new byte[0], List.of(), List.of(path + ": can't be read: " + reason(e)));
        }
        if (Arrays.equals(bytes, seen)) {
            return null;
        }
        RuleReader.Result result = RuleReader.read(new String(bytes, StandardCharsets.UTF_8), path.toString());
        if (!result.ok()) {
            return changed(
                    bytes,
                    List.of(),
                    result.problems().stream().map(Problem::toString).toList());
        }
        if (!result.experiments().isEmpty()) {
            return changed(
                    bytes,
                    List.of(),
                    List.of(path + ": holds experiment '"
                            + result.experiments().get(0).name()
                            + "': standalone takes rules (kind FaultRule); experiments are for mishap run"));
        }
        return changed(bytes, result.rules(), List.of());
    }

    private @Nullable Content changed(byte[] bytes, List<FaultRule> rules, List<String> problems) {
        boolean again = bytes.length == 0 && seen != null && seen.length == 0;
        seen = bytes;
        return again ? null : new Content(rules, problems);
    }

    private static String reason(IOException e) {
        if (e instanceof java.nio.file.NoSuchFileException) {
            return "there is no such file";
        }
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
