package dev.mishap.control.security;

import dev.mishap.control.Failures;
import dev.mishap.control.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All that guards a server, for each of its listeners. */
public final class Security implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.security");
    private static final String FIRST_TOKEN = "first-admin";

    private final @Nullable TlsFiles tls;
    private final NodeAuthorizer nodes;
    private final Tokens tokens;
    private final Authenticator authenticator;
    private final @Nullable Role anonymous;

    private Security(
            @Nullable TlsFiles tls,
            NodeAuthorizer nodes,
            Tokens tokens,
            Authenticator authenticator,
            @Nullable Role anonymous) {
        this.tls = tls;
        this.nodes = nodes;
        this.tokens = tokens;
        this.authenticator = authenticator;
        this.anonymous = anonymous;
    }

    /**
     * Reads what the configuration names. When nobody could call, a first token is made and written to a file.
     *
     * @param hosts on which the server will listen
     * @param store stays the caller's
     * @param directory where the first token is written; null = it is not made
     * @throws IOException naming the file that cannot be used
     * @throws IllegalArgumentException naming the option that cannot be
     */
    public static Security open(
            SecurityConfig config, List<String> hosts, Store store, @Nullable Path directory, InstantSource clock)
            throws IOException {
        for (String host : hosts) {
            String refusal = Exposure.refusal("the server", host, config.certificate() != null, config.insecure());
            if (refusal != null) {
                throw new IllegalArgumentException(refusal);
            }
        }
        if (!(config.callsPerSecond() >= 1 && config.callsPerSecond() <= 1e9)) {
            throw new IllegalArgumentException("--rate-limit must be from 1 to 1e9 calls a second");
        }
        TlsFiles tls = tls(config);
        if (tls == null
                && (config.clientAuthority() != null || !config.nodeMappings().isEmpty())) {
            throw new IllegalArgumentException("certificates of clients need TLS: give --tls-cert and --tls-key");
        }
        NodeAuthorizer nodes = config.clientAuthority() == null
                ? NodeAuthorizer.ANYONE
                : NodeAuthorizer.certificates(config.nodeMappings());
        Bindings bindings = Bindings.NONE;
        Path file = config.bindings();
        if (file != null) {
            try {
                bindings = Bindings.read(Files.readString(file), file.toString());
            } catch (IOException e) {
                throw new IOException(file + ": " + Failures.text(e), e);
            }
        }
        Oidc.Provider provider = config.provider();
        Oidc oidc = provider == null ? null : new Oidc(provider, bindings);
        boolean local = hosts.stream().allMatch(Exposure::isLoopback);
        Role anonymous = switch (config.anonymous()) {
            case "none" -> null;
            case "auto" -> local && oidc == null ? Role.ADMIN : null;
            default -> Role.parse(config.anonymous());
        };
        Tokens tokens = Tokens.open(store, clock);
        if (anonymous != Role.ADMIN && oidc == null && tokens.list().isEmpty() && directory != null) {
            firstToken(tokens, directory);
        }
        Authenticator authenticator = new Authenticator(
                new Authenticator.Policy(anonymous, config.callsPerSecond()), tokens, oidc, bindings, System::nanoTime);
        return new Security(tls, nodes, tokens, authenticator, anonymous);
    }

    private static @Nullable TlsFiles tls(SecurityConfig config) throws IOException {
        Path certificate = config.certificate();
        Path key = config.key();
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException("TLS needs both --tls-cert and --tls-key");
        }
        return certificate == null || key == null
                ? null
                : TlsFiles.read(certificate, key, config.clientAuthority()).watch();
    }

    private static void firstToken(Tokens tokens, Path directory) throws IOException {
        Path file = directory.resolve("first-admin-token");
        FileAttribute<?>[] mine = Files.getFileStore(directory).supportsFileAttributeView("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        Files.deleteIfExists(file);
        Tokens.Created created =
                tokens.create(FIRST_TOKEN, List.of(Grant.everything(Role.ADMIN)), null, "the server's first start");
        Files.createFile(file, mine);
        Files.writeString(file, created.secret() + "\n", StandardOpenOption.WRITE);
        LOG.info(
                "nobody could call this server, so there is a token for an admin now, in {}; make others with it and revoke it",
                file);
    }

    /** Null = plain text. */
    public @Nullable TlsFiles tls() {
        return tls;
    }

    public NodeAuthorizer nodes() {
        return nodes;
    }

    public Tokens tokens() {
        return tokens;
    }

    public Authenticator authenticator() {
        return authenticator;
    }

    /** What a caller from this machine may do without credentials; null = nothing. */
    public @Nullable Role anonymous() {
        return anonymous;
    }

    @Override
    public void close() {
        tokens.close();
        if (tls != null) {
            tls.close();
        }
    }
}
