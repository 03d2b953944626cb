package dev.mishap.control.cli;

import dev.mishap.control.base.Dependency;
import dev.mishap.control.serve.UpstreamSecurity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Another control plane, and how it is reached, as flags. */
final class UpstreamFlags {
    @Option(
            names = "--upstream-xds",
            paramLabel = "HOST:PORT",
            description = "Another control plane, whose configuration is passed on with faults added."
                    + " Several addresses, with commas between them, are tried in turn.")
    private List<String> targets = List.of();

    @Option(names = "--upstream-xds-tls", description = "Reach it by TLS, which the files below mean, too.")
    private boolean tls;

    @Option(
            names = "--upstream-xds-ca",
            paramLabel = "FILE",
            description =
                    "What signs its certificate, PEM; read again when it changes. Default: who this machine trusts.")
    private @Nullable Path authority;

    @Option(
            names = "--upstream-xds-cert",
            paramLabel = "FILE",
            description = "Our certificate for it, PEM; read again when it changes.")
    private @Nullable Path certificate;

    @Option(names = "--upstream-xds-key", paramLabel = "FILE", description = "The key of that, PEM.")
    private @Nullable Path key;

    @Option(
            names = "--upstream-xds-server-name",
            paramLabel = "NAME",
            description = "What its certificate must be for. Default: the host of its address.")
    private String serverName = "";

    @Option(
            names = "--upstream-xds-token-file",
            paramLabel = "FILE",
            description = "Send the token in it (authorization: Bearer), read anew for each stream.")
    private @Nullable Path token;

    /** @throws IllegalArgumentException naming the flag when an address is none */
    List<String> targets() {
        List<String> all = new ArrayList<>();
        for (String given : targets) {
            for (String target : given.split(",", -1)) {
                try {
                    all.add(Dependency.HostPort.parse(target.strip()).toString());
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("--upstream-xds '" + given + "': " + e.getMessage(), e);
                }
            }
        }
        return all;
    }

    UpstreamSecurity security() {
        return new UpstreamSecurity(tls, authority, certificate, key, serverName, token);
    }
}
