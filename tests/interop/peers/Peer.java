import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.*;
import java.util.*;
import javax.net.ssl.*;

/** Java's JSSE as a peer, in the manner of peer.c: "Peer server CERTS" or "Peer client CERTS"; with the
    manners auth, auth-KEY and, as a client, staple of peer.go. Which groups it knows is
    set for the whole machine with -Djdk.tls.namedGroups; the other side chooses among them. */
public class Peer {
    static final String[] KEYS = {"rsa", "p256", "p384", "ed25519"};
    static final Map<String, String> SUITES = Map.of("aes128", "AES_128_GCM_SHA256", "aes256", "AES_256_GCM_SHA384",
        "chacha", "CHACHA20_POLY1305_SHA256");
    static final char[] PASSWORD = "fede-test".toCharArray();
    static final SecureRandom RANDOM = new SecureRandom();

    public static void main(String[] args) throws Exception {
        if (args.length == 2 && args[0].equals("server"))
            serve(args[1]);
        else if (args.length == 2 && args[0].equals("client"))
            client(args[1]);
        else
            System.exit(2);
    }

    static void serve(String certs) throws Exception {
        for (String key : KEYS)
            for (String manner : new String[] {"echo", "auth"}) {
                try {
                    SSLContext context = context(certs + "/ca.pem", certs + "/" + key + ".p12");
                    SSLServerSocket port = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 64,
                        InetAddress.getLoopbackAddress());
                    port.setEnabledProtocols(new String[] {"TLSv1.2"});
                    port.setNeedClientAuth(manner.equals("auth"));
                    System.out.println("listen " + key + " any " + port.getLocalPort() + " " + manner);
                    new Thread(() -> accept(port)).start();
                } catch (Exception e) {
                    System.out.println("unable " + key + " any " + manner + " " + e);
                }
            }
        System.out.println("ready");
        while (System.in.read() >= 0)
            ;
        System.exit(0);
    }

    static void accept(SSLServerSocket port) {
        for (;;) {
            try {
                SSLSocket c = (SSLSocket) port.accept();
                new Thread(() -> {
                    try (c) {
                        c.setSoTimeout(60000);
                        c.getInputStream().transferTo(c.getOutputStream());
                    } catch (Exception e) {
                        System.err.println("server: " + e);
                    }
                }).start();
            } catch (IOException e) {
                return;
            }
        }
    }

    static void client(String certs) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Map<String, SSLContext> contexts = new HashMap<>();
        for (String line; (line = in.readLine()) != null;) {
            String[] f = line.trim().split(" ");
            try {
                String own = f.length > 7 && f[7].startsWith("auth-") ? f[7].substring(5) : null;
                if (!contexts.containsKey(f[2] + own))
                    contexts.put(f[2] + own, context(certs + "/" + f[2] + "-root.pem",
                        own == null ? null : certs + "/" + own + "-client.p12"));
                for (String port : f[1].split(","))
                    job(contexts.get(f[2] + own), port, f, certs);
                System.out.println(f[0] + " ok");
            } catch (Exception e) {
                System.out.println(f[0] + " failed " + e.toString().replace('\n', ' '));
            }
        }
        System.exit(0);
    }

    /** Trusts the certificates of one file, and shows that of another; own may be null. */
    static SSLContext context(String trusted, String own) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12"), mine = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = new FileInputStream(trusted)) {
            for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in))
                store.setCertificateEntry("root " + store.size(), c);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        if (own != null) {
            try (InputStream in = new FileInputStream(own)) {
                mine.load(in, PASSWORD);
            }
            keys.init(mine, PASSWORD);
        }
        SSLContext context = SSLContext.getInstance("TLSv1.2");
        context.init(own != null ? keys.getKeyManagers() : null, factory.getTrustManagers(), RANDOM);
        return context;
    }

    static void job(SSLContext context, String port, String[] f, String certs) throws Exception {
        String suite = !SUITES.containsKey(f[3]) ? f[3] : "TLS_ECDHE_" + (f[2].equals("rsa") ? "RSA" : "ECDSA") + "_WITH_" + SUITES.get(f[3]);
        int bytes = Integer.parseInt(f[5]), chunk = Integer.parseInt(f[6]);
        try (Socket raw = new Socket("127.0.0.1", Integer.parseInt(port));
             SSLSocket c = (SSLSocket) context.getSocketFactory().createSocket(raw, "localhost", raw.getPort(), true)) {
            SSLParameters parameters = c.getSSLParameters();
            parameters.setProtocols(new String[] {"TLSv1.2"});
            parameters.setCipherSuites(new String[] {suite});
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            c.setSSLParameters(parameters);
            c.setTcpNoDelay(true);
            c.setSoTimeout(60000);
            c.startHandshake();
            if (f.length > 7 && f[7].equals("staple")) {
                byte[] wanted = Files.readAllBytes(Path.of(certs, f[2] + "-staple.der"));
                List<byte[]> came = ((ExtendedSSLSession) c.getSession()).getStatusResponses();
                if (came.size() != 1 || !Arrays.equals(came.get(0), wanted))
                    throw new IOException(came.size() + " staples came, or another one than the file's");
            }
            byte[] out = new byte[bytes];
            new Random(1).nextBytes(out);
            for (int at = 0; at < bytes; at += chunk) {
                int n = Math.min(chunk, bytes - at);
                c.getOutputStream().write(out, at, n);
                byte[] in = c.getInputStream().readNBytes(n);
                if (!Arrays.equals(in, Arrays.copyOfRange(out, at, at + n)))
                    throw new IOException("other bytes came back than were sent, near " + at);
            }
            c.shutdownOutput();
            if (c.getInputStream().read() >= 0)
                throw new IOException("data instead of the server's close_notify");
        }
    }
}
