// Sends HTTP requests over several connections that are kept alive, and prints what came back as JSON.
//
//     load_generator PORT CONNECTIONS SECONDS RATE FILE
//
// RATE is requests a second, each due at its own time, from which its latency is counted, however busy the connections are;
// 0 means that each connection sends its next request when the last was answered. FILE holds requests, each followed by a text
// that the body of its answer must contain: for both, their length in four bytes, little-endian, and their bytes.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

struct Request {
    std::string bytes, expected;
};

struct Connection {
    int socket = -1;
    bool is_waiting = false;
    size_t request = 0, num_sent = 0;
    double due = 0;
    std::string answer;
};

static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static std::string part(FILE *file) {
    uint32_t length = 0;
    if (fread(&length, 4, 1, file) != 1) return "";
    std::string bytes(length, '\0');
    if (length && fread(&bytes[0], 1, length, file) != length) exit(3);
    return bytes;
}

static void connect_to(Connection &connection, int port, int poll, uint32_t index) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection.socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection.socket, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
        perror("connect");
        exit(2);
    }
    int one = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = index;
    epoll_ctl(poll, EPOLL_CTL_ADD, connection.socket, &event);
    connection.is_waiting = false;
    connection.answer.clear();
}

// The status of a complete answer, 0 if it is not complete; `body` is where its body begins.
static int status_of(const std::string &answer, size_t &body) {
    size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    std::string head = answer.substr(0, end);
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
    size_t length = head.find("content-length:");
    body = end + 4;
    if (length != std::string::npos && answer.size() < body + strtoul(head.c_str() + length + 15, nullptr, 10)) return 0;
    return atoi(answer.c_str() + 9);
}

int main(int argc, char **argv) {
    if (argc != 6) return 1;
    int port = atoi(argv[1]), num_connections = atoi(argv[2]);
    double seconds = atof(argv[3]), rate = atof(argv[4]);
    std::vector<Request> requests;
    FILE *file = fopen(argv[5], "rb");
    if (!file) return 1;
    for (std::string bytes = part(file); !bytes.empty(); bytes = part(file)) requests.push_back({bytes, part(file)});
    fclose(file);

    int poll = epoll_create1(0);
    std::vector<Connection> connections(num_connections);
    for (int i = 0; i < num_connections; ++i) connect_to(connections[i], port, poll, i);
    std::vector<int> idle;
    for (int i = num_connections; i-- > 0;) idle.push_back(i);
    std::vector<float> latencies;
    std::map<int, long> statuses;
    long num_sent = 0, num_wrong = 0, num_lost = 0;
    double began = now(), end = began + seconds;
    std::vector<epoll_event> events(num_connections);
    std::vector<char> buffer(1 << 16);

    auto send_next = [&](int index, double due) {
        Connection &connection = connections[index];
        connection.request = static_cast<size_t>(num_sent++) % requests.size();
        connection.due = due;
        connection.is_waiting = true;
        connection.answer.clear();
        const std::string &bytes = requests[connection.request].bytes;
        for (size_t done = 0; done < bytes.size();) {
            ssize_t count = send(connection.socket, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
            if (count < 0) break;  // the connection was closed: seen when it is read
            done += static_cast<size_t>(count);
        }
    };

    for (double time = began; time < end + 5; time = now()) {
        while (time < end && !idle.empty()) {
            double due = rate > 0 ? began + static_cast<double>(num_sent) / rate : time;
            if (due > time) break;
            int index = idle.back();
            idle.pop_back();
            send_next(index, due);
        }
        if (time >= end && idle.size() == connections.size()) break;
        double next = rate > 0 && !idle.empty() ? began + static_cast<double>(num_sent) / rate - time : 0.01;
        timespec wait{0, static_cast<long>(1e9 * std::min(std::max(next, 0.0), 0.01))};
        int count = epoll_pwait2(poll, events.data(), num_connections, &wait, nullptr);
        for (int i = 0; i < count; ++i) {
            int index = static_cast<int>(events[i].data.u32);
            Connection &connection = connections[index];
            ssize_t length = recv(connection.socket, buffer.data(), buffer.size(), 0);
            if (length <= 0) {
                num_lost += connection.is_waiting;
                bool was_waiting = connection.is_waiting;
                close(connection.socket);
                connect_to(connection, port, poll, static_cast<uint32_t>(index));
                if (was_waiting) idle.push_back(index);
                continue;
            }
            connection.answer.append(buffer.data(), static_cast<size_t>(length));
            size_t body = 0;
            int status = connection.is_waiting ? status_of(connection.answer, body) : 0;
            if (!status) continue;
            ++statuses[status];
            latencies.push_back(static_cast<float>(now() - connection.due));
            if (status == 200 && connection.answer.find(requests[connection.request].expected, body) == std::string::npos)
                ++num_wrong;
            connection.is_waiting = false;
            idle.push_back(index);
        }
    }
    double took = std::min(now(), end + 5) - began;
    for (const Connection &connection : connections) num_lost += connection.is_waiting;
    std::sort(latencies.begin(), latencies.end());
    auto at = [&](double share) {
        if (latencies.empty()) return 0.0;
        return 1000.0 * static_cast<double>(latencies[static_cast<size_t>(share * static_cast<double>(latencies.size() - 1))]);
    };
    printf("{\"sent\": %ld, \"answered\": %zu, \"wrong\": %ld, \"lost\": %ld, \"seconds\": %.3f, \"per_second\": %.1f", num_sent,
           latencies.size(), num_wrong, num_lost, took, static_cast<double>(latencies.size()) / took);
    printf(", \"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f, \"statuses\": {", at(0.5),
           at(0.9), at(0.99), at(0.999), at(1));
    const char *comma = "";
    for (auto [status, count] : statuses) {
        printf("%s\"%d\": %ld", comma, status, count);
        comma = ", ";
    }
    printf("}}\n");
}
