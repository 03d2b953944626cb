package dev.mishap.proxy.config.schema;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Our own compiled messages. This module's tests and the control plane both compile them; those that were compiled last are taken, and
 * they must be younger than the sources, since a schema of yesterday's messages would look right and be wrong.
 */
final class OwnMessages {
    static final Path SOURCES = Path.of("../fault-rules/src/main/proto");

    private static final String PROBE = "dev/mishap/rules/v1/RuleProto.java";
    private static final Path HERE = Path.of("target/generated-test-sources/protobuf/java", PROBE);
    private static final Path CONTROL = Path.of("../xds-server/target/generated-sources/protobuf/java", PROBE);
    private static final Path CONTROL_CLASSES = Path.of("../xds-server/target/classes");

    private OwnMessages() {}

    static ClassLoader loader() {
        long here = modified(HERE);
        long control = modified(CONTROL);
        List<Path> newer = protos().stream()
                .filter(proto -> modified(proto) > Math.max(here, control))
                .toList();
        if (!newer.isEmpty()) {
            throw new IllegalStateException(
                    newer + " is newer than its classes: compile the messages, mvn -q -o -pl proxy -am test-compile");
        }
        ClassLoader tests = OwnMessages.class.getClassLoader();
        return here >= control ? tests : new ControlPlane(tests);
    }

    static List<Path> protos() {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(f -> f.toString().endsWith(".proto")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The outer classes of all of them, by the options that their sources give. */
    static List<String> outerClasses() {
        return protos().stream()
                .map(proto -> option(proto, "java_package") + "." + option(proto, "java_outer_classname"))
                .toList();
    }

    private static String option(Path proto, String option) {
        try {
            Matcher matcher =
                    Pattern.compile("option " + option + " = \"([^\"]+)\";").matcher(Files.readString(proto));
            if (!matcher.find()) {
                throw new IllegalStateException(proto + " has no option " + option);
            }
            return matcher.group(1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** 0 when it is not there. */
    private static long modified(Path file) {
        try {
            return Files.exists(file) ? Files.getLastModifiedTime(file).toMillis() : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Looks for our own classes in the control plane's first. */
    private static final class ControlPlane extends URLClassLoader {
        ControlPlane(ClassLoader parent) {
            super(new URL[] {url(CONTROL_CLASSES)}, parent);
        }

        private static URL url(Path path) {
            try {
                return path.toUri().toURL();
            } catch (MalformedURLException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded == null && name.startsWith("dev.mishap.")) {
                    try {
                        loaded = findClass(name);
                    } catch (ClassNotFoundException notThere) {
                        loaded = null;
                    }
                }
                return loaded == null ? super.loadClass(name, resolve) : loaded;
            }
        }
    }
}
