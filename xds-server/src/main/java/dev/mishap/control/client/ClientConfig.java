package dev.mishap.control.client;

import dev.mishap.control.Failures;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.Problem;
import dev.mishap.rules.yaml.Problems;
import dev.mishap.rules.yaml.Suggestion;
import dev.mishap.rules.yaml.Tree;
import dev.mishap.rules.yaml.TreeReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The file of contexts, {@code ~/.config/mishap/config.yaml}. */
public final class ClientConfig {
    private static final Set<String> FIELDS =
            Set.of("name", "server", "namespace", "token", "token-file", "ca-file", "client-cert", "client-key");

    private final Path file;
    private final Map<String, Context> contexts = new LinkedHashMap<>();
    private @Nullable String current;

    private ClientConfig(Path file) {
        this.file = file;
    }

    /** Where the file is: {@code MISHAP_CONFIG}, or under the user's configuration. */
    public static Path place(Map<String, String> environment) {
        String chosen = environment.get("MISHAP_CONFIG");
        if (chosen != null && !chosen.isEmpty()) {
            return Path.of(chosen);
        }
        String base = environment.get("XDG_CONFIG_HOME");
        return base != null && !base.isEmpty()
                ? Path.of(base, "mishap", "config.yaml")
                : Path.of(environment.getOrDefault("HOME", "."), ".config", "mishap", "config.yaml");
    }

    /**
     * Reads the file; none is an empty one.
     *
     * @throws IllegalArgumentException with every problem on a line of its own
     */
    public static ClientConfig read(Path file) {
        ClientConfig config = new ClientConfig(file);
        if (!Files.exists(file)) {
            return config;
        }
        Problems problems = new Problems(file.toString());
        try {
            for (Tree document : TreeReader.read(Files.readString(file), problems)) {
                config.read(document, problems);
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": " + Failures.text(e), e);
        }
        if (problems.count() > 0) {
            throw new IllegalArgumentException(String.join(
                    "\n", problems.list().stream().map(Problem::toString).toList()));
        }
        return config;
    }

    private void read(Tree document, Problems problems) {
        document.fields().forEach((name, value) -> {
            if (!name.equals("current-context") && !name.equals("contexts")) {
                problems.add(value, "is not known here; expected current-context and contexts");
            }
        });
        current = document.textOf("current-context");
        for (Tree item : document.itemsOf("contexts")) {
            item.fields().forEach((name, value) -> {
                if (!FIELDS.contains(name)) {
                    problems.add(value, "is not known here" + Suggestion.of(name, FIELDS));
                }
            });
            String name = item.textOf("name");
            if (name == null) {
                problems.add(item, "needs a name");
                continue;
            }
            String server = item.textOf("server");
            Context context = new Context(
                    name,
                    server == null ? Context.DEFAULT_SERVER : server,
                    item.textOf("namespace"),
                    item.textOf("token"),
                    item.textOf("token-file"),
                    item.textOf("ca-file"),
                    item.textOf("client-cert"),
                    item.textOf("client-key"));
            if (contexts.put(name, context) != null) {
                problems.add(item, "the name '" + name + "' is taken by an earlier context");
            }
        }
        if (current != null && !contexts.containsKey(current)) {
            problems.add(
                    java.util.Objects.requireNonNull(document.get("current-context")),
                    "names '" + current + "', which is not among the contexts");
        }
    }

    public Path file() {
        return file;
    }

    public List<Context> contexts() {
        return new ArrayList<>(contexts.values());
    }

    public @Nullable String current() {
        return current;
    }

    /**
     * The context of a name, or the current one.
     *
     * @throws IllegalArgumentException when there is none of that name
     */
    public Context context(@Nullable String name) {
        String wanted = name == null ? current : name;
        if (wanted == null) {
            return Context.LOCAL;
        }
        Context context = contexts.get(wanted);
        if (context == null) {
            throw new IllegalArgumentException("there is no context '" + wanted + "' in " + file
                    + Suggestion.of(wanted, contexts.keySet()) + "; `mishap config get-contexts` lists them");
        }
        return context;
    }

    /** Adds or replaces a context. */
    public void put(Context context) {
        contexts.put(context.name(), context);
        if (current == null) {
            current = context.name();
        }
    }

    /** Makes a context the current one. */
    public void use(String name) {
        context(name);
        current = name;
    }

    public boolean remove(String name) {
        if (name.equals(current)) {
            current = null;
        }
        return contexts.remove(name) != null;
    }

    /** The file's content. */
    public Map<String, Object> document(boolean secrets) {
        Map<String, Object> map = new LinkedHashMap<>();
        if (current != null) {
            map.put("current-context", current);
        }
        map.put(
                "contexts",
                contexts.values().stream().map(c -> c.document(secrets)).toList());
        return map;
    }

    /** Writes the file, for its owner only, at once or not at all. */
    public void write() throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Files.createDirectories(directory);
        FileAttribute<?>[] mine = Files.getFileStore(directory).supportsFileAttributeView("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        Path fresh = Files.createTempFile(directory, ".config", ".yaml", mine);
        try {
            Files.writeString(fresh, DocumentText.yaml(document(true)));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** A warning when others can read tokens in the file; null when not. */
    public @Nullable String exposure() {
        if (contexts.values().stream().noneMatch(c -> c.token() != null)) {
            return null;
        }
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            return permissions.contains(PosixFilePermission.GROUP_READ)
                            || permissions.contains(PosixFilePermission.OTHERS_READ)
                    ? file + " holds tokens and others can read it: chmod 600 " + file
                    : null;
        } catch (IOException | UnsupportedOperationException e) {
            return null;
        }
    }
}
