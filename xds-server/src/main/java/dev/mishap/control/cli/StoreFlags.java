package dev.mishap.control.cli;

import dev.mishap.control.Failures;
import dev.mishap.control.store.etcd.EtcdOptions;
import dev.mishap.control.store.place.StorePlace;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags of commands that use a control plane's store. */
final class StoreFlags {
    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description =
                    "Where one process keeps its rules and other files. Default: in memory, gone with the process.")
    private @Nullable Path dataDir;

    @Option(
            names = "--etcd",
            paramLabel = "URL",
            split = ",",
            description =
                    "Where rules are kept, by any number of processes: the members of an etcd cluster, http:// or https://.")
    private List<URI> etcd = List.of();

    @Option(
            names = "--etcd-prefix",
            paramLabel = "PREFIX",
            description = "Of all keys in etcd. Default: ${DEFAULT-VALUE}.",
            defaultValue = EtcdOptions.PREFIX)
    private String prefix = EtcdOptions.PREFIX;

    @Option(names = "--etcd-user", paramLabel = "NAME", description = "The user in etcd.")
    private @Nullable String user;

    @Option(
            names = "--etcd-password-file",
            paramLabel = "FILE",
            description = "Holds the user's password, on its first line.")
    private @Nullable Path passwordFile;

    @Option(
            names = "--etcd-ca",
            paramLabel = "FILE",
            description = "Certificates (PEM) that etcd's is checked by. Default: those of Java.")
    private @Nullable Path ca;

    @Option(names = "--etcd-cert", paramLabel = "FILE", description = "This client's certificate (PEM).")
    private @Nullable Path certificate;

    @Option(names = "--etcd-key", paramLabel = "FILE", description = "Its key (PEM).")
    private @Nullable Path key;

    /** @throws IllegalArgumentException when the flags don't fit together */
    StorePlace place() {
        if (etcd.isEmpty()) {
            return new StorePlace(dataDir, null);
        }
        String password = null;
        if (passwordFile != null) {
            try {
                password = Files.readAllLines(passwordFile).stream().findFirst().orElse("");
            } catch (IOException e) {
                throw new IllegalArgumentException(passwordFile + ": " + Failures.text(e), e);
            }
        }
        return new StorePlace(dataDir, new EtcdOptions(etcd, prefix, user, password, ca, certificate, key));
    }
}
