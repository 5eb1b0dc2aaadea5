/*
 * The SDK's version: that of the interface which is simulated.
 */
#ifndef ESP_SDK_VER_H
#define ESP_SDK_VER_H

#define ESP_SDK_VERSION_MAJOR 2
#define ESP_SDK_VERSION_MINOR 1
#define ESP_SDK_VERSION_PATCH 0
#define ESP_SDK_VERSION 020100

#endif // ESP_SDK_VER_H
