package dev.mishap.control.store.etcd;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where etcd is, and who this is to it.
 *
 * @param endpoints of the members of one cluster, such as {@code https://10.0.0.1:2379}; all {@code http} or all {@code https}
 * @param prefix of all keys, so that others may use the cluster; default {@value #PREFIX}
 * @param user with {@code password}: etcd's own authentication; null = none
 * @param ca certificates of authorities, PEM; null = those of the JDK
 * @param certificate of this client, with {@code key}, PEM; null = none
 */
public record EtcdOptions(
        List<URI> endpoints,
        String prefix,
        @Nullable String user,
        @Nullable String password,
        @Nullable Path ca,
        @Nullable Path certificate,
        @Nullable Path key) {
    public static final String PREFIX = "/mishap/";
    private static final int DEFAULT_PORT = 2379;

    public EtcdOptions {
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("an etcd store needs an endpoint");
        }
        String scheme = endpoints.get(0).getScheme();
        for (URI endpoint : endpoints) {
            boolean plain = "http".equals(endpoint.getScheme());
            if (!plain && !"https".equals(endpoint.getScheme()) || endpoint.getHost() == null) {
                throw new IllegalArgumentException(
                        "an endpoint of etcd is http://HOST:PORT or https://HOST:PORT, got '" + endpoint + "'");
            }
            if (!endpoint.getScheme().equals(scheme)) {
                throw new IllegalArgumentException("the endpoints of etcd must be all http or all https");
            }
        }
        if ((user == null) != (password == null)) {
            throw new IllegalArgumentException("etcd's user and password belong together");
        }
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException("the certificate for etcd and its key belong together");
        }
    }

    public static EtcdOptions of(String... endpoints) {
        return new EtcdOptions(
                List.of(endpoints).stream().map(URI::create).toList(), PREFIX, null, null, null, null, null);
    }

    boolean tls() {
        return "https".equals(endpoints.get(0).getScheme());
    }

    static int port(URI endpoint) {
        return endpoint.getPort() < 0 ? DEFAULT_PORT : endpoint.getPort();
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "etcd at " + endpoints + prefix;
    }
}
