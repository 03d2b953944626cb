package dev.mishap.proxy.standalone;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.importer.RuleFiles;
import dev.mishap.rules.yaml.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
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
    /** In the place of a file's bytes when there are none to be had. */
    private static final byte[] NOTHING = {};

    private final Path path;
    private byte @Nullable [] seen;
    private List<String> unreadable = List.of();

    RulesFile(Path path) {
        this.path = path;
    }

    /**
     * What a look at the file found: rules, or what is wrong with them.
     *
     * @param notes what an importer has to say
     */
    record Content(List<FaultRule> rules, List<String> problems, List<String> notes) {}

    /** Reads the file; null when it is as it was at the last look. */
    @Nullable
    Content look() {
        byte[] bytes;
        try {
            if (Files.exists(path) && !Files.isDirectory(path) && !Files.isRegularFile(path)) {
                return changed(NOTHING, refused("is a device or a pipe; rules are read from a file"));
            }
            if (Files.size(path) > MAX_BYTES) {
                return changed(NOTHING, refused("is larger than 1 MiB"));
            }
            bytes = Files.readAllBytes(path);
        } catch (IOException e) {
            return changed(NOTHING, refused("can't be read: " + reason(e)));
        }
        return Arrays.equals(bytes, seen) ? null : changed(bytes, read(bytes));
    }

    private Content read(byte[] bytes) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return refused("is not UTF-8");
        }
        ImportResult result = RuleFiles.read(text, path.toString());
        if (result instanceof ImportResult.Refused no) {
            return new Content(
                    List.of(), no.problems().stream().map(Problem::toString).toList(), List.of());
        }
        ImportResult.Imported imported = (ImportResult.Imported) result;
        if (!imported.experiments().isEmpty()) {
            return refused(
                    "holds experiment '" + imported.experiments().get(0).name()
                            + "': standalone takes rules (kind FaultRule, Istio's VirtualService); experiments are for mishap run");
        }
        return new Content(imported.rules(), List.of(), imported.notes());
    }

    private Content refused(String why) {
        return new Content(List.of(), List.of(path + ": " + why), List.of());
    }

    /** A file that cannot be read is told of once, until that changes. */
    private @Nullable Content changed(byte[] bytes, Content content) {
        boolean again = bytes == NOTHING && content.problems().equals(unreadable);
        unreadable = bytes == NOTHING ? content.problems() : List.of();
        seen = bytes == NOTHING ? null : bytes;
        return again ? null : content;
    }

    private static String reason(IOException e) {
        if (e instanceof java.nio.file.NoSuchFileException) {
            return "there is no such file";
        }
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
