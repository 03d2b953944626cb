package dev.mishap.proxy.dns;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The search list of resolv.conf: what is tried for a name that is not complete.
 *
 * @param domains in their order
 * @param ndots a name with as many dots is tried as it is first; default 1
 */
record SearchDomains(List<String> domains, int ndots) {
    static final SearchDomains NONE = new SearchDomains(List.of(), 1);
    private static final int MAX_DOTS = 15;

    SearchDomains {
        domains = List.copyOf(domains);
    }

    static SearchDomains system() {
        try {
            return parse(Files.readAllLines(Path.of("/etc/resolv.conf"), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return NONE; // a system without the file has no search list
        }
    }

    static SearchDomains parse(List<String> lines) {
        List<String> domains = List.of();
        int dots = 1;
        for (String line : lines) {
            List<String> words = words(line);
            if (words.size() < 2) {
                continue;
            }
            switch (words.get(0)) {
                case "search", "domain" -> domains = words.subList(1, words.size()); // the last one counts
                case "options" -> dots = dots(words, dots);
                default -> {}
            }
        }
        return new SearchDomains(domains, dots);
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        for (String word : line.replace('\t', ' ').split(" ", -1)) {
            if (!word.isEmpty()) {
                words.add(word);
            }
        }
        return words;
    }

    private static int dots(List<String> options, int before) {
        int dots = before;
        for (String option : options) {
            if (option.startsWith("ndots:")) {
                try {
                    dots = Math.max(0, Math.min(MAX_DOTS, Integer.parseInt(option.substring("ndots:".length()))));
                } catch (NumberFormatException e) {
                    continue; // as the system's resolver does
                }
            }
        }
        return dots;
    }

    /** The complete names to ask for, in order. */
    List<String> candidates(String name) {
        if (name.endsWith(".") || domains.isEmpty()) {
            return List.of(name);
        }
        List<String> all = new ArrayList<>();
        for (String domain : domains) {
            all.add(domain.equals(".") ? name : name + "." + domain);
        }
        boolean complete = name.chars().filter(c -> c == '.').count() >= ndots;
        all.add(complete ? 0 : all.size(), name);
        return all;
    }
}
