//! Texts that software leaves in what is built with it, and the version behind them.
//!
//! Each is what the software itself prints or embeds, as its source has it.

/// A text, and what it tells.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    /// the text, up to where the version begins
    pub pattern: &'static str,
    /// who leaves it
    pub name: &'static str,
    /// `kernel`, `rtos`, `sdk`, `library`, `program`, `compiler`, `bootloader` or `build`
    pub kind: &'static str,
}

macro_rules! markers {
    ($($kind:ident { $($pattern:literal $name:literal),* $(,)? })*) => {
        /// Every marker.
        pub const MARKERS: &[Marker] =
            &[$($(Marker { pattern: $pattern, name: $name, kind: stringify!($kind) }),*),*];
    };
}

markers! {
    kernel { "Linux version " "Linux", "Linux kernel version " "Linux", "vermagic=" "Linux" }
    rtos {
        "FreeRTOS Kernel V" "FreeRTOS", "FreeRTOS V" "FreeRTOS", "ThreadX SMP/" "ThreadX", "ThreadX " "ThreadX",
        "Zephyr OS build " "Zephyr", "Zephyr version " "Zephyr", "RT-Thread Operating System" "RT-Thread", "NuttX-" "NuttX",
        "eCos " "eCos", "VxWorks " "VxWorks", "LiteOS " "LiteOS", "TencentOS " "TencentOS tiny", "AliOS-Things " "AliOS Things",
        "AliOS Things " "AliOS Things", "Mbed OS " "Mbed OS",
    }
    sdk {
        "ESP-IDF v" "ESP-IDF", "ESP-IDF: v" "ESP-IDF", "SDK ver: " "ESP8266 SDK", "OS SDK ver: " "ESP8266 RTOS SDK",
        "ESP SDK VER: " "ESP8266 SDK", "ESP8266_RTOS_SDK" "ESP8266 RTOS SDK", "NONOS SDK " "ESP8266 NonOS SDK",
        "ameba-sdk-" "Realtek Ameba SDK", "Tuya IOT SDK V" "Tuya IoT SDK", "TUYA IOT SDK V" "Tuya IoT SDK",
        "tuya_iot_sdk_" "Tuya IoT SDK", "WICED-" "WICED", "wmsdk_bundle-" "Marvell WMSDK", "BK7231U_" "Beken SDK",
        "Gecko SDK " "Silicon Labs Gecko SDK", "EmberZNet " "EmberZNet", "Z-Stack " "Z-Stack", "OPENTHREAD/" "OpenThread",
        "aws-iot-device-sdk-embedded-C" "AWS IoT Device SDK", "Tasmota " "Tasmota", "ESPHome version " "ESPHome",
    }
    library {
        "OpenSSL " "OpenSSL", "BoringSSL " "BoringSSL", "LibreSSL " "LibreSSL", "mbed TLS " "Mbed TLS", "Mbed TLS " "Mbed TLS",
        "mbedTLS " "Mbed TLS", "PolarSSL " "PolarSSL", "wolfSSL " "wolfSSL", "GnuTLS " "GnuTLS", "axTLS " "axTLS",
        "lwIP/" "lwIP", "lwip-" "lwIP", "LWIP " "lwIP", "zlib " "zlib", "inflate " "zlib", "deflate " "zlib",
        "libcurl/" "curl", "libpng version " "libpng", "libjpeg-turbo version " "libjpeg-turbo", "SQLite version " "SQLite",
        "uClibc-" "uClibc", "uClibc " "uClibc", "GNU C Library " "glibc", "GLIBC_2." "glibc symbol", "musl libc" "musl", "expat_" "Expat",
        "Mongoose/" "Mongoose", "libwebsockets " "libwebsockets", "json-c/" "json-c", "jansson-" "Jansson",
        "newlib-" "newlib", "mosquitto version " "Mosquitto", "Paho MQTT C Client" "Eclipse Paho", "libssh2_" "libssh2",
        "libupnp/" "libupnp", "Portable SDK for UPnP devices/" "libupnp", "Lavc" "libavcodec", "ffmpeg-" "FFmpeg",
        "live555" "LIVE555", "x264 - core " "x264", "libopus " "Opus", "nghttp2/" "nghttp2", "libevent-" "libevent",
    }
    program {
        "BusyBox v" "BusyBox", "dropbear_" "Dropbear", "Dropbear sshd v" "Dropbear", "OpenSSH_" "OpenSSH", "dnsmasq-" "dnsmasq",
        "lighttpd/" "lighttpd", "nginx/" "nginx", "Apache/" "Apache httpd", "GoAhead-Webs" "GoAhead", "GoAhead/" "GoAhead",
        "Boa/" "Boa", "thttpd/" "thttpd", "mini_httpd/" "mini_httpd", "uhttpd/" "uhttpd", "hostapd v" "hostapd",
        "wpa_supplicant v" "wpa_supplicant", "udhcpd (v" "udhcp", "iptables v" "iptables", "pppd " "pppd", "ntpd - " "ntpd",
        "ProFTPD Version " "ProFTPD", "vsFTPd " "vsftpd", "MiniUPnPd/" "MiniUPnP", "miniupnpd/" "MiniUPnP", "Samba " "Samba",
        "avahi-" "Avahi", "avahi " "Avahi", "curl/" "curl", "Wget/" "Wget", "shairport " "shairport", "telnetd " "telnetd",
    }
    compiler { "GCC: (" "GCC", "clang version " "clang", "gcc version " "GCC", "rustc version " "rustc", "Go build ID: " "Go" }
    bootloader { "U-Boot " "U-Boot", "Das U-Boot " "U-Boot", "RedBoot" "RedBoot", "CFE version " "CFE", "Barebox " "barebox", "MCUboot " "MCUboot" }
    build { "JENKINS BUILD NUMBER" "Jenkins", "BUILD_NUMBER=" "Jenkins", "PRETTY_NAME=\"" "os-release", "DISTRIB_RELEASE=" "OpenWrt", "compile time:" "compile time" }
}
