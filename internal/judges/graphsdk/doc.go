// Package graphsdk lets the whole Microsoft Graph SDK read a customer's
// directory through the broker. It is apart from the other judges because the
// SDK takes minutes to build.
package graphsdk
