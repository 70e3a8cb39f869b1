/* OldClient PORT PROTOCOLS SUITE [PKCS12 PASSWORD]: what Java's own TLS still speaks when it is told to: SSL 3.0, and ClientHellos in the form of
   SSL 2.0 (protocol SSLv2Hello). Says a line, reads one answer, closes. Prints a line for the key log, by session id:
   nothing but the session itself knows the master secret. */
import java.io.*;
import java.lang.reflect.*;
import java.security.*;
import java.security.cert.X509Certificate;
import javax.net.ssl.*;

public class OldClient {
    static final TrustManager ANYONE = new X509ExtendedTrustManager() {
        public void checkClientTrusted(X509Certificate[] chain, String kind) {}
        public void checkServerTrusted(X509Certificate[] chain, String kind) {}
        public void checkClientTrusted(X509Certificate[] chain, String kind, java.net.Socket s) {}
        public void checkServerTrusted(X509Certificate[] chain, String kind, java.net.Socket s) {}
        public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine e) {}
        public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine e) {}
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };

    public static void main(String[] args) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");
        KeyManager[] own = null;
        if (args.length > 3) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(new FileInputStream(args[3]), args[4].toCharArray());
            KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
            factory.init(keys, args[4].toCharArray());
            own = factory.getKeyManagers();
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own, new TrustManager[] {ANYONE}, null);
        SSLSocket s = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", Integer.parseInt(args[0]));
        s.setEnabledProtocols(args[1].split(","));
        s.setEnabledCipherSuites(args[2].split(","));
        s.startHandshake();
        System.out.println("RSA Session-ID:" + hex(s.getSession().getId()) + " Master-Key:" + secret(s.getSession()));
        s.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
        s.getOutputStream().flush();
        s.getInputStream().read(new byte[4096]);
        s.close();
    }

    static String secret(SSLSession session) throws Exception {
        Method m = session.getClass().getDeclaredMethod("getMasterSecret");
        m.setAccessible(true);
        return hex(((Key) m.invoke(session)).getEncoded());
    }

    static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte b : bytes)
            out.append(String.format("%02x", b));
        return out.toString();
    }
}
