package dev.mishap.proxy.dns;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The name servers of resolv.conf. */
public final class NameServers {
    private static final int PORT = 53;

    private NameServers() {}

    /** Those of the system, in their order; empty when there are none. */
    public static List<InetSocketAddress> system() {
        try {
            return parse(Files.readAllLines(Path.of("/etc/resolv.conf"), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return List.of();
        }
    }

    static List<InetSocketAddress> parse(List<String> lines) {
        List<InetSocketAddress> servers = new ArrayList<>();
        for (String line : lines) {
            String[] words = line.strip().split("[ \t]+", 3);
            if (words.length > 1 && words[0].equals("nameserver")) {
                InetAddress address = NetUtil.createInetAddressFromIpAddressString(words[1]);
                if (address != null) {
                    servers.add(new InetSocketAddress(address, PORT));
                }
            }
        }
        return servers;
    }
}
