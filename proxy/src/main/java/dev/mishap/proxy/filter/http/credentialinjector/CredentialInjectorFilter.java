package dev.mishap.proxy.filter.http.credentialinjector;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.observe.stats.Counter;
import java.util.function.Supplier;

/** Gives a request the credential, unless it has one of its own. */
final class CredentialInjectorFilter implements HttpFilter {
    private static final LocalReply FAILED =
            LocalReply.of(401, "Failed to inject credential.", "failed_to_inject_credential");

    /**
     * What all requests of a chain share.
     *
     * @param credential of now, one char a byte; {@code ""} = there is none
     * @param overwrites whether it replaces one that a request has
     * @param optional whether requests go on when there is none
     */
    record Config(
            HeaderName header,
            Supplier<String> credential,
            boolean overwrites,
            boolean optional,
            Counter injected,
            Counter failed,
            Counter alreadyExists) {}

    private final Config config;

    CredentialInjectorFilter(Config config) {
        this.config = config;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (!config.overwrites() && headers.contains(config.header())) {
            config.alreadyExists().inc();
            return Flow.CONTINUE;
        }
        String credential = config.credential().get();
        if (!credential.isEmpty()) {
            headers.set(config.header(), credential);
            config.injected().inc();
            return Flow.CONTINUE;
        }
        config.failed().inc();
        if (config.optional()) {
            return Flow.CONTINUE;
        }
        stream.sendLocalReply(FAILED);
        return Flow.PAUSE;
    }
}
